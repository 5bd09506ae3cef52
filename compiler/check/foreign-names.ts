/** Names of PyTorch's, Python's and other libraries' that nothing here has, and what to write. */

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
  ...each("int trunc", "write `floor(x)`"),
  ...each("round", "write `floor(x + 0.5)`"),
  ...each("tan", "write `sin(x) / cos(x)`"),
  ...each("log2", "write `log(x) / log(2)`"),
  ...each("log10", "write `log(x) / log(10)`"),
  ...each("log1p", "write `log(1 + x)`"),
  ...each("exp2", "write `2^x`"),
  ...each("square", "write `x^2`"),
  ...each("prod cumprod", "a product goes through a loop: `scan t < T with p = start { p[b] = p[b] * x[b,t] }`; of positive numbers it is `exp(sum[i] log(x[b,i]))`"),
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
  ...each("float double float16 float32 float64 f16 f32 f64 Float", "of the run it is `real`, of a hyperparameter `number`"),
  ...each("str string String", "it is `text`"),
  ...each("boolean Bool", "of the run it is `bool`, of a hyperparameter `flag`"),
  ...each("long int64 int32 i32 u32 uint integer LongTensor", "ids are `index(n)[B, T]`, other integers `int`, sizes `size`"),
  ...each("Tensor tensor array ndarray FloatTensor", "a tensor's type is its axes: `[B, T, d]`"),
  ...each("Module", "it is `layer`"),
  ...each("Callable function", "it is `fn`"),
]);

/** Settings of a recipe. */
export const FOREIGN_SETTINGS: ReadonlyMap<string, string> = new Map([
  ...each("lr learning_rate", "the rate stands in `optimizer`: `optimizer = Adam(lr: 3e-4)`, or `--set 'recipe.optimizer=Adam(lr: 3e-4)'`; with `let lr = 3e-4` in the recipe and `lr: lr` there, `--set recipe.lr=1e-4` sets it"),
  ...each("batch_size bs", "the examples of a step are `batch`"),
  ...each("epochs num_epochs n_epochs", "how long is said in `steps`, of `batch` examples each"),
  ...each("max_steps num_steps iterations", "how long is said in `steps`"),
  ...each("weight_decay wd", "the decay stands in `optimizer`: `AdamW(lr: 1e-3, decay: 0.1)`"),
  ...each("grad_clip max_grad_norm clip_norm", "the largest norm of the gradient is `clip`"),
  ...each("loss criterion loss_fn", "the loss is a function of the data's fields: `loss(ids, next) = cross_entropy(model(ids), next)`"),
  ...each("schedule scheduler lr_scheduler warmup", "a schedule is a factor of the rate: `optimizer = Adam(lr: 1e-3 * warmup(step, 100) * cosine(step, steps))`"),
  ...each("freeze frozen_layers", "what stays as it is are patterns of paths: `frozen = \"encoder.*\"`"),
  ...each("val_split val valid validation_split val_data eval_data", "what is set aside to measure on is `validation`: `validation = 0.1`, or `validation = \"val.tsv\"`"),
  ...each("eval_every eval_interval eval_steps val_every", "the steps between two evaluations are `evaluate`"),
  ...each("early_stopping early_stop", "how many evaluations may be no better is `patience`"),
  ...each("ema ema_decay", "the averaged model is `average = 0.999`"),
  ...each("gradient_accumulation_steps grad_accum accumulation_steps", "the parts of a step are `accumulate`"),
  ...each("dataset data_loader dataloader train_data", "what is trained on is `data`: `data = text(\"input.txt\", tokenizer: tokenizer)`"),
]);
