export { reportHtml } from "./page.ts";
export type { ReportData, RunFacts, Sample, Sitting } from "./data.ts";
