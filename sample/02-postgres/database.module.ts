import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSource } from './database.js';

/** What `@nestjs/typeorm` would do: connects at boot and disconnects last, when no job runs any more. */
@Module({
  providers: [{ provide: DataSource, useFactory: () => dataSource().initialize() }],
  exports: [DataSource],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly source: DataSource) {}

  async onApplicationShutdown(): Promise<void> {
    await this.source.destroy();
  }
}
