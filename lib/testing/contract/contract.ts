import { cancelCases } from './cancel.cases.js';
import { changeCases } from './change.cases.js';
import { completeCases } from './complete.cases.js';
import type { ContractCase } from './contract-case.js';
import { expiryCases } from './expiry.cases.js';
import { orderCases } from './order.cases.js';
import { overdueCases } from './overdue.cases.js';
import { replacingCases } from './replacing.cases.js';
import { groupsCases } from './groups.cases.js';
import { flowEndsCases } from './flow-ends.cases.js';
import { flowOrderCases } from './flow-order.cases.js';
import { flowRacesCases } from './flow-races.cases.js';
import { flowsCases } from './flows.cases.js';
import { fireCases } from './fire.cases.js';
import { heartbeatCases } from './heartbeat.cases.js';
import { infoCases } from './info.cases.js';
import { leaseCases } from './lease.cases.js';
import { lifeCases } from './life.cases.js';
import { limitRacesCases } from './limit-races.cases.js';
import { limitsCases } from './limits.cases.js';
import { listCases } from './list.cases.js';
import { pauseCases } from './pause.cases.js';
import { popCases } from './pop.cases.js';
import { pruneCases } from './prune.cases.js';
import { pushCases } from './push.cases.js';
import { releaseCases } from './release.cases.js';
import { removeCases } from './remove.cases.js';
import { rescueCases } from './rescue.cases.js';
import { retryCases } from './retry.cases.js';
import { schedulesCases } from './schedules.cases.js';
import { signalsCases } from './signals.cases.js';
import { statsCases } from './stats.cases.js';
import { textsCases } from './texts.cases.js';
import { transactionsCases } from './transactions.cases.js';
import { uniqueCases } from './unique.cases.js';

/**
 * Every promise of the port `Storage` as a case. Run each with `runContractCase`, in whatever test runner there
 * is; a storage that passes them all does what the worker and the docs count on.
 * @publicApi
 */
export const storageContract: readonly ContractCase[] = [
  ...lifeCases,
  ...pushCases,
  ...uniqueCases,
  ...popCases,
  ...leaseCases,
  ...completeCases,
  ...releaseCases,
  ...heartbeatCases,
  ...rescueCases,
  ...infoCases,
  ...listCases,
  ...statsCases,
  ...cancelCases,
  ...retryCases,
  ...removeCases,
  ...changeCases,
  ...pauseCases,
  ...pruneCases,
  ...schedulesCases,
  ...fireCases,
  ...signalsCases,
  ...textsCases,
  ...expiryCases,
  ...overdueCases,
  ...orderCases,
  ...replacingCases,
  ...groupsCases,
  ...limitsCases,
  ...limitRacesCases,
  ...flowsCases,
  ...flowRacesCases,
  ...flowEndsCases,
  ...flowOrderCases,
  ...transactionsCases,
];
