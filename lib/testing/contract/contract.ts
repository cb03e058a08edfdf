import { cancelCases } from './storage/cancel.cases.js';
import { changeCases } from './storage/change.cases.js';
import { completeCases } from './storage/complete.cases.js';
import type { ContractCase } from './contract-case.js';
import { expiryCases } from './storage/expiry.cases.js';
import { orderCases } from './storage/order.cases.js';
import { overdueCases } from './storage/overdue.cases.js';
import { replacingCases } from './storage/replacing.cases.js';
import { groupsCases } from './storage/groups.cases.js';
import { flowEndsCases } from './storage/flow-ends.cases.js';
import { flowOrderCases } from './storage/flow-order.cases.js';
import { flowRacesCases } from './storage/flow-races.cases.js';
import { flowsCases } from './storage/flows.cases.js';
import { fireCases } from './storage/fire.cases.js';
import { heartbeatCases } from './storage/heartbeat.cases.js';
import { infoCases } from './storage/info.cases.js';
import { leaseCases } from './storage/lease.cases.js';
import { lifeCases } from './runtime/life.cases.js';
import { limitRacesCases } from './storage/limit-races.cases.js';
import { limitsCases } from './storage/limits.cases.js';
import { listCases } from './storage/list.cases.js';
import { pauseCases } from './storage/pause.cases.js';
import { popCases } from './storage/pop.cases.js';
import { pruneCases } from './storage/prune.cases.js';
import { pushCases } from './storage/push.cases.js';
import { releaseCases } from './storage/release.cases.js';
import { removeCases } from './storage/remove.cases.js';
import { rescueCases } from './storage/rescue.cases.js';
import { retryCases } from './storage/retry.cases.js';
import { schedulesCases } from './storage/schedules.cases.js';
import { signalsCases } from './storage/signals.cases.js';
import { statsCases } from './storage/stats.cases.js';
import { textsCases } from './storage/texts.cases.js';
import { transactionsCases } from './storage/transactions.cases.js';
import { uniqueCases } from './storage/unique.cases.js';

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
