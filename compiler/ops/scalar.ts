/** The scalar operations of the graph: names first, the table is a mapped type over them. */
export type ScalarOpName =
  // f32 → f32
  | "neg" | "abs" | "exp" | "log" | "sqrt" | "tanh" | "erf" | "sin" | "cos" | "floor" | "ceil" | "sign"
  | "stop" // the identity, through which no gradient flows
  // (f32, f32) → f32
  | "add" | "sub" | "mul" | "div" | "pow" | "min" | "max"
  // i32: floor division and the remainder that is never negative; the others mirror their f32 forms
  | "ineg" | "iabs" | "iadd" | "isub" | "imul" | "idiv" | "imod" | "imin" | "imax"
  // comparisons of two f32 (l…) or two i32 (i…) → bool
  | "lt" | "le" | "eq" | "ne" | "ilt" | "ile" | "ieq" | "ine"
  // f32 → bool: neither NaN nor infinite, tested on the bits
  | "finite"
  // bool
  | "and" | "or" | "not"
  // conversions
  | "toReal" // i32 → f32
  | "toInt" // f32 → i32, of an integral value
  | "fromBool" // bool → i32, 0 or 1
  // (bool, a, a) → a; the branch not taken is not evaluated
  | "select";
