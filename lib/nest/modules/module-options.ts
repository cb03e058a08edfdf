import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { BackgroundJobsExtras, BackgroundJobsOptions } from '../background-jobs-options.js';

const EXTRAS: BackgroundJobsExtras = { isGlobal: true, name: undefined };

/** Puts the options where the parts of the module inject them: those at hand, or those that providers make. */
export const { ConfigurableModuleClass: OptionsModule, MODULE_OPTIONS_TOKEN: MODULE_OPTIONS } =
  new ConfigurableModuleBuilder<BackgroundJobsOptions>()
    .setClassMethodName('forRoot')
    .setExtras(EXTRAS, (module, { isGlobal }) => ({ ...module, global: isGlobal !== false }))
    .build();
