/** Which instance of the module its parts belong to; `undefined`: the one without a name. */
export class InstanceName {
  constructor(readonly name: string | undefined) {}
}
