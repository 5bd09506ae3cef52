/** All that a compiled module calls: the entry of the bundle that a standalone module brings along. */
export { loadModel } from "./load-model.ts";
export { TfmError } from "../errors.ts";
