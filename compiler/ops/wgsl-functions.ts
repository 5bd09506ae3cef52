/** WGSL functions that the scalar operations call; a kernel includes those it uses. */
import { ERF_WGSL } from "./erf.ts";

export type WgslFunctionName = "tfm_erf" | "tfm_pow" | "tfm_idiv" | "tfm_imod" | "tfm_finite" | "tfm_bits";

export const WGSL_FUNCTIONS: { readonly [Name in WgslFunctionName]: string } = {
  // On the bits: compilers fold comparisons of a number with itself.
  tfm_finite: `fn tfm_finite(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u;
}`,
  // Of a variable: no constant may be infinite or NaN.
  tfm_bits: `fn tfm_bits(a: u32) -> f32 {
  var bits = a;
  return bitcast<f32>(bits);
}`,
  tfm_erf: ERF_WGSL,
  // WGSL's pow is undefined below zero: there integers give ±|a|^b, anything else NaN, made at run time since no constant may be one.
  tfm_pow: `fn tfm_pow(a: f32, b: f32) -> f32 {
  if (b == 0.0f) { return 1.0f; }
  let magnitude = pow(abs(a), b);
  if (a >= 0.0f) { return magnitude; }
  var bits = 0x7fc00000u;
  if (floor(b) != b) { return bitcast<f32>(bits); }
  return select(magnitude, -magnitude, floor(b * 0.5f) * 2.0f != b);
}`,
  tfm_idiv: `fn tfm_idiv(a: i32, b: i32) -> i32 {
  let q = a / b;
  let r = a - q * b;
  return select(q, q - 1i, r != 0i && ((r < 0i) != (b < 0i)));
}`,
  tfm_imod: `fn tfm_imod(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(r, r + abs(b), r < 0i);
}`,
};

/** The functions that a piece of WGSL calls, in the table's order. */
export function wgslFunctionsIn(text: string): WgslFunctionName[] {
  return (Object.keys(WGSL_FUNCTIONS) as WgslFunctionName[]).filter((name) => text.includes(`${name}(`));
}
