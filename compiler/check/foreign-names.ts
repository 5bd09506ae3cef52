/** Names of PyTorch's and Python's that nothing here has, and what to write. */

const each = (names: string, remedy: string): readonly (readonly [string, string])[] => names.split(" ").map((name) => [name, remedy] as const);

const PRODUCT = "a product of tensors is an equation that names its axes: `y[b,o] = sum[i] x[b,i] * w[i,o]`";
const ARRANGED = "axes are arranged by an equation: `y[b,i,t] = x[b,t,i]`; docs/from-pytorch.md has reshape, split, merge, slices and more";
const DRAWN = "draw it under a name: `draw u: [B, d] ~ uniform`, or `~ normal(1)`; a parameter begins so: `param w: [n, m] ~ normal(0.02)`";

/** Functions, layers and constants. */
export const FOREIGN_NAMES: ReadonlyMap<string, string> = new Map([
  ...each("matmul mm bmm dot einsum tensordot", PRODUCT),
  ...each("transpose permute reshape view flatten squeeze unsqueeze rearrange split chunk gather", ARRANGED),
  ...each("cat concatenate hstack", "`concat(a, b)` joins along the last axis; along another write `y[b, t < T + S] = if t < T then a[b,t] else b[b, t - T]`"),
  ...each("arange linspace", "an index is a value: `y[t < n] = t`"),
  ...each("tril triu", "a mask is a condition: `softmax[s where s <= t] score[b,t,s]`"),
  ...each("masked_fill", "what a mask leaves out stands in the brackets: `softmax[s where keep[b,s]] score[b,t,s]`"),
  ...each("rand randn randint rand_like randn_like bernoulli", DRAWN),
  ...each("zeros_like ones_like full empty", "a tensor of one number is an equation: `z[b < B, i < d] = 0.0`"),
  ...each("len", "sizes are named in the types, `x: [B, T, d]`; a tokenizer has `tokenizer.size`"),
  ...each("range enumerate", "`for l < n { … }` counts, `for block in blocks { … }` goes through a stack"),
  ...each("float", "integers convert by themselves; of a condition write `if c then 1.0 else 0.0`"),
  ...each("int round", "write `floor(x)`"),
  ...each("rsqrt", "write `1 / sqrt(x)`, or `x^-0.5`"),
  ...each("pow", "write `x^2`"),
  ...each("inf nan", "what a mask leaves out stands in the brackets: `softmax[s where keep[b,s]] score[b,t,s]`; of no terms `max` is the lowest number"),
  ...each("Dropout DropPath", "it is a function: `dropout(x, p)` in `forward`, and nothing in the layer's body"),
  ...each("ReLU GELU SiLU Sigmoid Tanh Softplus Softmax LogSoftmax", "it is a function: `relu(x)`, `gelu(x)`, `silu(x)`, `softmax[i] x[i]`; to pass one write its name alone, `act: gelu`"),
  ...each("CrossEntropyLoss NLLLoss MSELoss BCEWithLogitsLoss", "it is a function: `cross_entropy(logits, target)`, `mse(x, y)`, `binary_cross_entropy(x, y)`"),
  ...each("Sequential ModuleList ModuleDict", "give each layer a name, `up = Linear(d, n)`, and call them in `forward`; equal ones are `blocks = stack(n) Block(d)`"),
  ...each("MultiheadAttention MultiHeadAttention SelfAttention", "it is `Attention(d, heads)`"),
  ...each("TransformerEncoderLayer TransformerEncoder", "it is `EncoderLayer(d, heads)`, and several are `stack(n) EncoderLayer(d, heads)`"),
  ...each("TransformerDecoderLayer TransformerDecoder", "it is `DecoderLayer(d, heads)`, and several are `stack(n) DecoderLayer(d, heads)`"),
  ...each("LSTM GRU RNN", "it is `Recurrent(d, n)`, by `cell: GruCell` or `RnnCell` another"),
  ...each("Parameter", "write `param name: [axes] ~ …`"),
]);

/** What tensors have there. */
export const FOREIGN_MEMBERS: ReadonlyMap<string, string> = new Map([
  ...each("shape size dim ndim numel", "sizes are named in the types: `x: [B, T, d]` makes `B` and `T` known"),
  ...each("view reshape permute transpose T mT flatten squeeze unsqueeze expand repeat contiguous split chunk gather", ARRANGED),
  ...each("mean sum max min prod any all argmax softmax log_softmax logsumexp cumsum", "it stands before its terms, with the index that it takes: `mean[i] x[b,i]`, `softmax[i] x[b,i]`"),
  ...each("matmul mm bmm dot", PRODUCT),
  ...each("detach", "write `stop(x)`"),
  ...each("masked_fill masked_fill_", "what a mask leaves out stands in the brackets: `softmax[s where keep[b,s]] score[b,t,s]`; a choice is `if c then a else b`"),
  ...each("to cuda cpu float half double long int bool type item clone numpy backward", "nothing is moved or converted: leave it out"),
  ...each("relu gelu silu sigmoid tanh exp log sqrt abs clamp", "a function stands before its argument: `relu(x)`"),
]);

/** Types of arguments. */
export const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ...each("float double float32 Float", "of the run it is `real`, of a hyperparameter `number`"),
  ...each("str string String", "it is `text`"),
  ...each("boolean Bool", "of the run it is `bool`, of a hyperparameter `flag`"),
  ...each("long int64 int32 integer LongTensor", "ids are `index(n)[B, T]`, other integers `int`, sizes `size`"),
  ...each("Tensor tensor array ndarray FloatTensor", "a tensor's type is its axes: `[B, T, d]`"),
  ...each("Module", "it is `layer`"),
  ...each("Callable function", "it is `fn`"),
]);
