// ── contract_dy_2
enable subgroups;
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> b6: array<vec4<f32>>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_lane: u32) {
  let ct_zero = ct_grid.z - 1u;
  let ct_rows = u32(u.s_B) + ct_zero;
  let ct_columns = u32(4);
  let ct_depth = u32(8) + ct_zero;
  let ct_row_tiles = (ct_rows + 31u) / 32u;
  let ct_column_tiles = 1u;
  let ct_group = ct_workgroup.y * ct_grid.x + ct_workgroup.x;
  if (ct_group < ct_row_tiles * ct_column_tiles) {
  let ct_tile = ct_group / ct_column_tiles;
  let z = 0u;
  let ct_row0 = (ct_tile) * 32u;
  let ct_column0 = (ct_group % ct_column_tiles) * 4u;
  let ct_n = ct_column0 + (ct_lane % 1u) * 4u;
  let ct_part = ct_lane / 1u;
  let ct_m0 = min(ct_row0 + 0u + ct_lane, ct_rows - 1u);
    let ct_m1 = min(ct_row0 + 8u + ct_lane, ct_rows - 1u);
    let ct_m2 = min(ct_row0 + 16u + ct_lane, ct_rows - 1u);
    let ct_m3 = min(ct_row0 + 24u + ct_lane, ct_rows - 1u);
  let ct_n0 = min(ct_n, ct_columns - 4u);
  var ct_sum: array<vec4f, 4>;
  for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    let ct_x0 = b6[i32(ct_k >> 2u) + i32(ct_m0) * 2];
    let ct_x1 = b6[i32(ct_k >> 2u) + i32(ct_m1) * 2];
    let ct_x2 = b6[i32(ct_k >> 2u) + i32(ct_m2) * 2];
    let ct_x3 = b6[i32(ct_k >> 2u) + i32(ct_m3) * 2];
    
    let k = ct_k;
      
      
      let ct_w0 = b5[i32(k)];
    let ct_k1 = k + 1u;
      
      let ct_w1 = b5[i32(ct_k1)];
    let ct_k2 = k + 2u;
      
      let ct_w2 = b5[i32(ct_k2)];
    let ct_k3 = k + 3u;
      
      let ct_w3 = b5[i32(ct_k3)];
      ct_sum[0] = ((((ct_sum[0] + subgroupShuffle(ct_x0.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x0.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x0.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x0.w, 0u + ct_part) * ct_w3);
    ct_sum[1] = ((((ct_sum[1] + subgroupShuffle(ct_x1.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x1.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x1.w, 0u + ct_part) * ct_w3);
    ct_sum[2] = ((((ct_sum[2] + subgroupShuffle(ct_x2.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x2.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x2.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x2.w, 0u + ct_part) * ct_w3);
    ct_sum[3] = ((((ct_sum[3] + subgroupShuffle(ct_x3.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x3.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x3.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x3.w, 0u + ct_part) * ct_w3);
  }
  let n = ct_n;
  let v0 = b1[0];
  let v2 = (1.0 / (f32((u.s_B * 4))));

  for (var ct_r = 0u; ct_r < min(4u + ct_zero, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r * 8u + ct_part;
    if (m < ct_rows) {
    
    let v3 = b3[i32(m)];

    let ct_value = ct_sum[ct_r + ct_zero];
    
      let v1 = (ct_value + v0);
      b2[i32(m)] = v1;
      let v4 = (((vec4<f32>(v2)) * (v1 - v3)) * (vec4<f32>(2.0)));
      b4[i32(m)] = v4;
    }
  }
  }
}

// ── contract_dy_2, without features
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> b6: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_local: u32) {
  let ct_rows = u32(u.s_B);
  let ct_columns = u32(4);
  let ct_depth = u32(8);
  let ct_row_tiles = (ct_rows + 3u) / 4u;
  let ct_column_tiles = (ct_columns + 3u) / 4u;
  let ct_index = (ct_workgroup.y * ct_grid.x + ct_workgroup.x) * 64u + ct_local;
  if (ct_index >= ct_row_tiles * ct_column_tiles * (u32(1))) { return; }
  let ct_tile = ct_index / ct_column_tiles;
  let z = ct_tile / ct_row_tiles;
  let ct_row0 = (ct_tile % ct_row_tiles) * 4u;
  let ct_n = (ct_index % ct_column_tiles) * 4u;
  let ct_m0 = min(ct_row0 + 0u, ct_rows - 1u);
    let ct_m1 = min(ct_row0 + 1u, ct_rows - 1u);
    let ct_m2 = min(ct_row0 + 2u, ct_rows - 1u);
    let ct_m3 = min(ct_row0 + 3u, ct_rows - 1u);
  let ct_n0 = min(ct_n + 0u, ct_columns - 1u);
    let ct_n1 = min(ct_n + 1u, ct_columns - 1u);
    let ct_n2 = min(ct_n + 2u, ct_columns - 1u);
    let ct_n3 = min(ct_n + 3u, ct_columns - 1u);
  var ct_sum: array<vec4f, 4>;
  for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    var ct_x0 = b6[i32(ct_k >> 2u) + i32(ct_m0) * 2];
    var ct_x1 = b6[i32(ct_k >> 2u) + i32(ct_m1) * 2];
    var ct_x2 = b6[i32(ct_k >> 2u) + i32(ct_m2) * 2];
    var ct_x3 = b6[i32(ct_k >> 2u) + i32(ct_m3) * 2];
    
    for (var k = ct_k; k < min(ct_k + 4u, ct_depth); k++) {
    
    let ct_w = b5[i32(k)];
    ct_sum[0] += ct_x0.x * ct_w;
    ct_sum[1] += ct_x1.x * ct_w;
    ct_sum[2] += ct_x2.x * ct_w;
    ct_sum[3] += ct_x3.x * ct_w;
    ct_x0 = ct_x0.yzwx;
    ct_x1 = ct_x1.yzwx;
    ct_x2 = ct_x2.yzwx;
    ct_x3 = ct_x3.yzwx;
    
    }
  }
  let n = ct_n;
  let v0 = b1[0];
  let v2 = (1.0 / (f32((u.s_B * 4))));

  for (var ct_r = 0u; ct_r < min(4u, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r;
    let ct_value = ct_sum[ct_r];
    
    let v3 = b3[i32(m)];

    
      let v1 = (ct_value + v0);
      b2[i32(m)] = v1;
      let v4 = (((vec4<f32>(v2)) * (v1 - v3)) * (vec4<f32>(2.0)));
      b4[i32(m)] = v4;
  }
}

// ── row_loss
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 32u + local);
  if (t >= 1) { return; }
  var a0: vec4<f32> = vec4<f32>(0.0f);
  let v5 = vec4<f32>(2.0);
  for (var i1 = 0; i1 < u.s_B; i1++) {
    let v2 = b1[i1];
    let v3 = b2[i1];
    let v4 = (v2 - v3);
    a0 += vec4<f32>(v4.x * v4.x, v4.y * v4.y, v4.z * v4.z, v4.w * v4.w);
  }
  let r6 = ((a0.x + a0.y) + (a0.z + a0.w));
  let v7 = (r6 / (f32((u.s_B * 4))));
  b3[0] = v7;
}

// ── columns_dbias
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 8u + local);
  if (t >= 1) { return; }
  var a0: vec4<f32> = vec4<f32>(0.0f);
  for (var i1 = 0; i1 < u.s_B; i1++) {
    let v2 = b1[i1];
    a0 += v2;
  }
  let r3 = a0;
  b2[0] = r3;
}

// ── contract_dweight
enable subgroups;
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_lane: u32) {
  let ct_zero = ct_grid.z - 1u;
  let ct_rows = u32(8) + ct_zero;
  let ct_columns = u32(4);
  let ct_depth = u32(u.s_B) + ct_zero;
  let ct_row_tiles = 1u;
  let ct_column_tiles = 1u;
  let ct_group = ct_workgroup.y * ct_grid.x + ct_workgroup.x;
  if (ct_group < ct_row_tiles * ct_column_tiles) {
  let ct_tile = ct_group / ct_column_tiles;
  let z = 0u;
  let ct_row0 = (ct_tile) * 32u;
  let ct_column0 = (ct_group % ct_column_tiles) * 4u;
  let ct_n = ct_column0 + (ct_lane % 1u) * 4u;
  let ct_part = ct_lane / 1u;
  let ct_m0 = min(ct_row0 + 0u + ct_lane * 4u, ct_rows - 4u);
  let ct_n0 = min(ct_n, ct_columns - 4u);
  var ct_sum: array<vec4f, 4>;
  for (var k = 0u; k < ct_depth; k += 2u) {
    let ct_x0_0 = b2[i32(k) * 2 + i32(ct_m0 >> 2u)];
    let ct_w0 = b3[i32(k)];
    let ct_k1 = min(k + 1u, ct_depth - 1u);
    let ct_x1_0 = b2[i32(ct_k1) * 2 + i32(ct_m0 >> 2u)];
    let ct_w1 = select(vec4f(), b3[i32(ct_k1)], k + 1u < ct_depth);
    ct_sum[0] = ((ct_sum[0] + subgroupShuffle(ct_x0_0.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1_0.x, 0u + ct_part) * ct_w1);
    ct_sum[1] = ((ct_sum[1] + subgroupShuffle(ct_x0_0.y, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1_0.y, 0u + ct_part) * ct_w1);
    ct_sum[2] = ((ct_sum[2] + subgroupShuffle(ct_x0_0.z, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1_0.z, 0u + ct_part) * ct_w1);
    ct_sum[3] = ((ct_sum[3] + subgroupShuffle(ct_x0_0.w, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1_0.w, 0u + ct_part) * ct_w1);
  }
  let n = ct_n;

  for (var ct_r = 0u; ct_r < min(4u + ct_zero, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + (ct_r / 4u) * 32u + ct_part * 4u + ct_r % 4u;
    if (m < ct_rows) {
    

    let ct_value = ct_sum[ct_r + ct_zero];
    
      b1[i32(m)] = ct_value;
    }
  }
  }
}

// ── contract_dweight, without features
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_local: u32) {
  let ct_rows = u32(8);
  let ct_columns = u32(4);
  let ct_depth = u32(u.s_B);
  let ct_row_tiles = (ct_rows + 3u) / 4u;
  let ct_column_tiles = (ct_columns + 3u) / 4u;
  let ct_index = (ct_workgroup.y * ct_grid.x + ct_workgroup.x) * 64u + ct_local;
  if (ct_index >= ct_row_tiles * ct_column_tiles * (u32(1))) { return; }
  let ct_tile = ct_index / ct_column_tiles;
  let z = ct_tile / ct_row_tiles;
  let ct_row0 = (ct_tile % ct_row_tiles) * 4u;
  let ct_n = (ct_index % ct_column_tiles) * 4u;
  let ct_m0 = min(ct_row0 + 0u, ct_rows - 1u);
    let ct_m1 = min(ct_row0 + 1u, ct_rows - 1u);
    let ct_m2 = min(ct_row0 + 2u, ct_rows - 1u);
    let ct_m3 = min(ct_row0 + 3u, ct_rows - 1u);
  let ct_n0 = min(ct_n + 0u, ct_columns - 1u);
    let ct_n1 = min(ct_n + 1u, ct_columns - 1u);
    let ct_n2 = min(ct_n + 2u, ct_columns - 1u);
    let ct_n3 = min(ct_n + 3u, ct_columns - 1u);
  var ct_sum: array<vec4f, 4>;
  for (var k = 0u; k < ct_depth; k++) {
    let ct_x = b2[i32(k) * 2 + i32(ct_row0 >> 2u)];
    let ct_w = b3[i32(k)];
    ct_sum[0] += ct_x.x * ct_w;
    ct_sum[1] += ct_x.y * ct_w;
    ct_sum[2] += ct_x.z * ct_w;
    ct_sum[3] += ct_x.w * ct_w;
  }
  let n = ct_n;

  for (var ct_r = 0u; ct_r < min(4u, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r;
    let ct_value = ct_sum[ct_r];
    

    
      b1[i32(m)] = ct_value;
  }
}

// ── row_norm_parts
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let one = i32(nwg.z);
  let t = i32(group * 32u + local);
  if (t >= 16) { return; }
  var a0: vec4<f32> = vec4<f32>(0.0f);
  for (var i1 = 0; i1 < 16 * one; i1++) {
    let v2 = b1[i1 + t * 16];
    a0 += (v2 * v2);
  }
  let r3 = ((a0.x + a0.y) + (a0.z + a0.w));
  b2[t] = r3;
}

// ── row_norm_groups
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 32u + local);
  if (t >= 1) { return; }
  var a0: vec4<f32> = vec4<f32>(0.0f);
  let v1 = b1[0];
  a0 += v1;
  let v2 = b1[1];
  a0 += v2;
  let v3 = b1[2];
  a0 += v3;
  let v4 = b1[3];
  a0 += v4;
  let r5 = ((a0.x + a0.y) + (a0.z + a0.w));
  b2[0] = r5;
}

// ── map_grad_norm
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 64u + local);
  if (t >= 1) { return; }
  let v0 = b1[0];
  let v1 = (sqrt(v0));
  b2[0] = v1;
}

// ── map_report
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;

fn tfm_finite(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 64u + local);
  if (t >= 2) { return; }
  let v0 = b1[0];
  let v1 = b2[0];
  let v2 = b3[t];
  let v3 = ((tfm_finite(v0)) & (tfm_finite(v1)));
  let v4 = (select(v2, (select((vec4<f32>((select(u.h_h1, 0.0, v3)))), v2, (v2 != (vec4<f32>(0.0))))), ((vec4i(t * 4) + vec4i(0, 1, 2, 3)) == (vec4<i32>(2)))));
  let v5 = (select((select(v4, (vec4<f32>(v1)), ((vec4i(t * 4) + vec4i(0, 1, 2, 3)) == (vec4<i32>(1))))), (vec4<f32>(v0)), ((vec4i(t * 4) + vec4i(0, 1, 2, 3)) == (vec4<i32>(0)))));
  b3[t] = v5;
}

// ── map_decayed_w
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;

fn tfm_finite(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 64u + local);
  if (t >= 32) { return; }
  let v0 = b1[0];
  let v1 = b2[0];
  let v2 = ((tfm_finite(v0)) & (tfm_finite(v1)));
  let v3 = b3[t];
  let v4 = b4[t];
  let v5 = (v3 - (v4 * (vec4<f32>(0.1))));
  let v6 = (select(v3, v5, (vec4<bool>(v2))));
  b3[t] = v6;
}

// ── map_decayed_m
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;

fn tfm_finite(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = wid.y * nwg.x + wid.x;
  let t = i32(group * 64u + local);
  if (t >= 32) { return; }
  let v0 = b1[0];
  let v1 = b2[0];
  let v2 = ((tfm_finite(v0)) & (tfm_finite(v1)));
  let v3 = b3[t];
  let v4 = b4[t];
  let v5 = (select(v4, v3, (vec4<bool>(v2))));
  b4[t] = v5;
}

// ── contract_y
enable subgroups;
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_lane: u32) {
  let ct_zero = ct_grid.z - 1u;
  let ct_rows = u32(u.s_B) + ct_zero;
  let ct_columns = u32(4);
  let ct_depth = u32(8) + ct_zero;
  let ct_row_tiles = (ct_rows + 31u) / 32u;
  let ct_column_tiles = 1u;
  let ct_group = ct_workgroup.y * ct_grid.x + ct_workgroup.x;
  if (ct_group < ct_row_tiles * ct_column_tiles) {
  let ct_tile = ct_group / ct_column_tiles;
  let z = 0u;
  let ct_row0 = (ct_tile) * 32u;
  let ct_column0 = (ct_group % ct_column_tiles) * 4u;
  let ct_n = ct_column0 + (ct_lane % 1u) * 4u;
  let ct_part = ct_lane / 1u;
  let ct_m0 = min(ct_row0 + 0u + ct_lane, ct_rows - 1u);
    let ct_m1 = min(ct_row0 + 8u + ct_lane, ct_rows - 1u);
    let ct_m2 = min(ct_row0 + 16u + ct_lane, ct_rows - 1u);
    let ct_m3 = min(ct_row0 + 24u + ct_lane, ct_rows - 1u);
  let ct_n0 = min(ct_n, ct_columns - 4u);
  var ct_sum: array<vec4f, 4>;
  for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    let ct_x0 = b4[i32(ct_k >> 2u) + i32(ct_m0) * 2];
    let ct_x1 = b4[i32(ct_k >> 2u) + i32(ct_m1) * 2];
    let ct_x2 = b4[i32(ct_k >> 2u) + i32(ct_m2) * 2];
    let ct_x3 = b4[i32(ct_k >> 2u) + i32(ct_m3) * 2];
    
    let k = ct_k;
      
      
      let ct_w0 = b3[i32(k)];
    let ct_k1 = k + 1u;
      
      let ct_w1 = b3[i32(ct_k1)];
    let ct_k2 = k + 2u;
      
      let ct_w2 = b3[i32(ct_k2)];
    let ct_k3 = k + 3u;
      
      let ct_w3 = b3[i32(ct_k3)];
      ct_sum[0] = ((((ct_sum[0] + subgroupShuffle(ct_x0.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x0.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x0.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x0.w, 0u + ct_part) * ct_w3);
    ct_sum[1] = ((((ct_sum[1] + subgroupShuffle(ct_x1.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x1.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x1.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x1.w, 0u + ct_part) * ct_w3);
    ct_sum[2] = ((((ct_sum[2] + subgroupShuffle(ct_x2.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x2.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x2.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x2.w, 0u + ct_part) * ct_w3);
    ct_sum[3] = ((((ct_sum[3] + subgroupShuffle(ct_x3.x, 0u + ct_part) * ct_w0) + subgroupShuffle(ct_x3.y, 0u + ct_part) * ct_w1) + subgroupShuffle(ct_x3.z, 0u + ct_part) * ct_w2) + subgroupShuffle(ct_x3.w, 0u + ct_part) * ct_w3);
  }
  let n = ct_n;
  let v0 = b1[0];

  for (var ct_r = 0u; ct_r < min(4u + ct_zero, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r * 8u + ct_part;
    if (m < ct_rows) {
    

    let ct_value = ct_sum[ct_r + ct_zero];
    
      let v1 = (ct_value + v0);
      b2[i32(m)] = v1;
    }
  }
  }
}

// ── contract_y, without features
struct U { s_B: i32, step: i32, micro: i32, seed: u32, h_learning_rate: f32, h_h1: f32 }
@group(0) @binding(0) var<uniform> u: U;

@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) ct_workgroup: vec3u, @builtin(num_workgroups) ct_grid: vec3u, @builtin(local_invocation_index) ct_local: u32) {
  let ct_rows = u32(u.s_B);
  let ct_columns = u32(4);
  let ct_depth = u32(8);
  let ct_row_tiles = (ct_rows + 3u) / 4u;
  let ct_column_tiles = (ct_columns + 3u) / 4u;
  let ct_index = (ct_workgroup.y * ct_grid.x + ct_workgroup.x) * 64u + ct_local;
  if (ct_index >= ct_row_tiles * ct_column_tiles * (u32(1))) { return; }
  let ct_tile = ct_index / ct_column_tiles;
  let z = ct_tile / ct_row_tiles;
  let ct_row0 = (ct_tile % ct_row_tiles) * 4u;
  let ct_n = (ct_index % ct_column_tiles) * 4u;
  let ct_m0 = min(ct_row0 + 0u, ct_rows - 1u);
    let ct_m1 = min(ct_row0 + 1u, ct_rows - 1u);
    let ct_m2 = min(ct_row0 + 2u, ct_rows - 1u);
    let ct_m3 = min(ct_row0 + 3u, ct_rows - 1u);
  let ct_n0 = min(ct_n + 0u, ct_columns - 1u);
    let ct_n1 = min(ct_n + 1u, ct_columns - 1u);
    let ct_n2 = min(ct_n + 2u, ct_columns - 1u);
    let ct_n3 = min(ct_n + 3u, ct_columns - 1u);
  var ct_sum: array<vec4f, 4>;
  for (var ct_k = 0u; ct_k < ct_depth; ct_k += 4u) {
    var ct_x0 = b4[i32(ct_k >> 2u) + i32(ct_m0) * 2];
    var ct_x1 = b4[i32(ct_k >> 2u) + i32(ct_m1) * 2];
    var ct_x2 = b4[i32(ct_k >> 2u) + i32(ct_m2) * 2];
    var ct_x3 = b4[i32(ct_k >> 2u) + i32(ct_m3) * 2];
    
    for (var k = ct_k; k < min(ct_k + 4u, ct_depth); k++) {
    
    let ct_w = b3[i32(k)];
    ct_sum[0] += ct_x0.x * ct_w;
    ct_sum[1] += ct_x1.x * ct_w;
    ct_sum[2] += ct_x2.x * ct_w;
    ct_sum[3] += ct_x3.x * ct_w;
    ct_x0 = ct_x0.yzwx;
    ct_x1 = ct_x1.yzwx;
    ct_x2 = ct_x2.yzwx;
    ct_x3 = ct_x3.yzwx;
    
    }
  }
  let n = ct_n;
  let v0 = b1[0];

  for (var ct_r = 0u; ct_r < min(4u, ct_rows - ct_row0); ct_r++) {
    let m = ct_row0 + ct_r;
    let ct_value = ct_sum[ct_r];
    

    
      let v1 = (ct_value + v0);
      b2[i32(m)] = v1;
  }
}
