import { Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, ModulesContainer } from '@nestjs/core';
import { expect, it } from 'vitest';
import { resolveEach } from '../../../lib/nest/injection/dependency-source.js';
import { modulesOf } from '../../../lib/nest/container/module-place.js';
import { lookUpProvider } from '../../../lib/nest/container/provider-lookup.js';
import { boot } from './application.js';

@Injectable()
class Single {}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  constructor(readonly single: Single) {}
}

@Injectable({ scope: Scope.REQUEST })
class Scoped {
  constructor(readonly single: Single) {}
}

@Module({
  providers: [Single, Transient, { provide: 'alias', useExisting: Transient }, Scoped],
  exports: ['alias', Scoped],
})
class Elsewhere {}

// The way of versions of Nest that do not make transient providers for a class made on demand.
it('providers asked for one by one are the same kind of instances as in a constructor', async () => {
  const { app } = await boot({ imports: [Elsewhere], providers: [Single] });
  const [host] = modulesOf(app.get(ModulesContainer), Elsewhere);
  const wrappers = [Single, 'alias', Scoped, 'absent'].map((token) => host && lookUpProvider(host, token));
  const [single, transient, scoped, absent] = await resolveEach(wrappers, ContextIdFactory.create());
  const [again, another, other] = await resolveEach(wrappers, ContextIdFactory.create());
  expect(transient).toBeInstanceOf(Transient);
  expect([transient, scoped]).toMatchObject([{ single }, { single }]);
  expect(again).toBe(single);
  expect(another).not.toBe(transient);
  expect(other).not.toBe(scoped);
  expect(absent).toBeUndefined();
});
