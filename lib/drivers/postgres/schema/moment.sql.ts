/** The time of a statement: read once, since the clock goes on while it runs. */
export const MOMENT = `moment as materialized (select jobs.clock_1() as now)`;
