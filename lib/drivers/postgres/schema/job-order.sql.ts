/**
 * Where a job stands among the ready ones of its lane: `RANK`, then `PLACE`, then its number. `ageing` is empty for jobs in
 * order of due time, below zero where the newest is the first, and else how many milliseconds a step of priority is
 * worth. Expressions of what is stored anyway, so that whatever changes a job also moves it.
 */
export const RANK = `case when ageing >= 0 then 0 else priority end`;
export const PLACE = `case when ageing is null then run_at when ageing < 0 then -seq else run_at + priority * ageing end`;
