/** What is called of a `TestingModuleBuilder`, so that this needs no `@nestjs/testing`. @publicApi */
export interface ModuleBuilder {
  overrideProvider(token: unknown): {
    useFactory(options: {
      readonly factory: (...args: never[]) => unknown;
      readonly inject?: unknown[];
    }): unknown;
  };
}
