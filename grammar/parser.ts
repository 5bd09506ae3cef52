import { CstParser } from "chevrotain";
import type { CstNode, IToken, TokenType } from "chevrotain";
import { DEEPEST } from "./structure.ts";
import * as t from "./tokens.ts";

/**
 * The grammar of one item (docs/language.md has it in EBNF), with a block as a single token. Two tokens of lookahead
 * decide everything but `applied`, which looks one token back: `f[…]` or `f(…)` directly followed by an operand applies
 * to the product that follows.
 *
 * There is no recovery in here: the pieces of structure.ts are read one by one, and a piece with a mistake yields none.
 */
export class ItemParser extends CstParser {
  /** How many expressions are being read in each other. */
  private depth = 0;

  /** With `validate`, chevrotain looks for ambiguities and left recursion, which a test does once and for all. */
  constructor(validate = false) {
    super([...t.VOCABULARY], { skipValidations: !validate, maxLookahead: 2, recoveryEnabled: false, nodeLocationTracking: "onlyOffset", errorMessageProvider: EXPECTED });
    this.performSelfAnalysis();
  }

  read(tokens: readonly IToken[]): CstNode {
    this.input = [...tokens];
    this.depth = 0;
    return this.item();
  }

  readonly item = this.RULE("item", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.held) },
      { ALT: () => this.SUBRULE(this.letItem) },
      { ALT: () => this.SUBRULE(this.requireItem) },
      { ALT: () => this.SUBRULE(this.returnItem) },
      { ALT: () => this.SUBRULE(this.ifItem) },
      { ALT: () => this.SUBRULE(this.forItem) },
      { ALT: () => this.SUBRULE(this.scanItem) },
      { ALT: () => this.SUBRULE(this.useItem) },
      { ALT: () => this.SUBRULE(this.fnItem) },
      { ALT: () => this.SUBRULE(this.declaration) },
      { ALT: () => this.SUBRULE(this.method) },
      { ALT: () => this.SUBRULE(this.field) },
      { ALT: () => this.SUBRULE(this.assignment) },
    ]);
  });

  readonly useItem = this.RULE("useItem", () => {
    this.CONSUME(t.Use);
    this.CONSUME(t.Text);
  });

  readonly fnItem = this.RULE("fnItem", () => {
    this.CONSUME(t.Fn);
    this.SUBRULE(this.method);
  });

  readonly declaration = this.RULE("declaration", () => {
    this.CONSUME(t.Kind);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.OPTION2(() => {
      this.CONSUME(t.Like);
      this.CONSUME2(t.Name, { LABEL: "parent" });
    });
    this.CONSUME(t.Block);
  });

  readonly held = this.RULE("held", () => {
    this.CONSUME(t.Hold);
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
    this.CONSUME(t.Tilde);
    this.SUBRULE(this.expr);
  });

  readonly letItem = this.RULE("letItem", () => {
    this.CONSUME(t.Let);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.expr);
  });

  readonly requireItem = this.RULE("requireItem", () => {
    this.CONSUME(t.Require);
    this.SUBRULE(this.exprs);
  });

  readonly returnItem = this.RULE("returnItem", () => {
    this.CONSUME(t.Return);
    this.SUBRULE(this.exprs);
  });

  readonly ifItem = this.RULE("ifItem", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expr);
    this.CONSUME(t.Block);
    this.MANY(() => {
      this.CONSUME(t.Else);
      this.CONSUME2(t.If);
      this.SUBRULE2(this.expr);
      this.CONSUME2(t.Block);
    });
    this.OPTION(() => {
      this.CONSUME2(t.Else, { LABEL: "last" });
      this.CONSUME3(t.Block, { LABEL: "otherwise" });
    });
  });

  readonly forItem = this.RULE("forItem", () => {
    this.CONSUME(t.For);
    this.CONSUME(t.Name);
    this.OR([{ ALT: () => this.CONSUME(t.Less) }, { ALT: () => this.CONSUME(t.In) }]);
    this.SUBRULE(this.expr);
    this.CONSUME(t.Block);
  });

  readonly scanItem = this.RULE("scanItem", () => {
    this.CONSUME(t.Scan);
    this.CONSUME(t.Name);
    this.CONSUME(t.Less);
    this.SUBRULE(this.expr);
    this.CONSUME(t.With);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.carry) });
    this.CONSUME(t.Block);
  });

  readonly carry = this.RULE("carry", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Equal);
    this.SUBRULE(this.expr);
  });

  readonly method = this.RULE("method", () => {
    this.CONSUME(t.Name);
    this.SUBRULE(this.parameters);
    this.OPTION(() => {
      this.CONSUME(t.Arrow);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.type) });
    });
    this.OR([
      { ALT: () => this.CONSUME(t.Block) },
      {
        ALT: () => {
          this.CONSUME(t.Equal);
          this.SUBRULE(this.exprs);
        },
      },
    ]);
  });

  readonly field = this.RULE("field", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.type);
  });

  readonly assignment = this.RULE("assignment", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.target) });
    this.CONSUME(t.Equal);
    this.SUBRULE(this.exprs);
  });

  readonly target = this.RULE("target", () => {
    this.CONSUME(t.Name);
    this.MANY(() => this.SUBRULE(this.targetStep));
  });

  readonly targetStep = this.RULE("targetStep", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.slots) },
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Name);
        },
      },
    ]);
  });

  readonly parameters = this.RULE("parameters", () => {
    this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.parameter) });
    this.CONSUME(t.RightParen);
  });

  readonly parameter = this.RULE("parameter", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.type);
    });
    this.OPTION2(() => {
      this.CONSUME(t.Equal);
      this.SUBRULE(this.expr);
    });
  });

  readonly type = this.RULE("type", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.dims) },
      {
        ALT: () => {
          this.CONSUME(t.Name);
          this.OPTION(() => {
            this.CONSUME(t.LeftParen);
            this.SUBRULE(this.expr);
            this.CONSUME(t.RightParen);
          });
          this.OPTION2(() => this.SUBRULE2(this.dims));
        },
      },
      { ALT: () => this.CONSUME(t.Fn) },
    ]);
  });

  readonly dims = this.RULE("dims", () => {
    this.CONSUME(t.LeftSquare);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.dim) });
    this.CONSUME(t.RightSquare);
  });

  readonly slots = this.RULE("slots", () => {
    this.CONSUME(t.LeftSquare);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.dim) });
    this.OPTION(() => {
      this.CONSUME(t.Where);
      this.SUBRULE(this.expr, { LABEL: "restriction" });
    });
    this.OPTION2(() => {
      this.CONSUME(t.Else);
      this.SUBRULE2(this.expr, { LABEL: "fill" });
    });
    this.CONSUME(t.RightSquare);
  });

  readonly dim = this.RULE("dim", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Dots) }, { ALT: () => this.SUBRULE(this.expr) }]);
  });

  readonly exprs = this.RULE("exprs", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expr) });
  });

  readonly expr = this.RULE("expr", () => {
    this.deeper();
    this.OR([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.disjunction) }]);
    this.shallower();
  });

  readonly conditional = this.RULE("conditional", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expr, { LABEL: "condition" });
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expr, { LABEL: "chosen" });
    this.CONSUME(t.Else);
    this.SUBRULE3(this.expr, { LABEL: "otherwise" });
  });

  readonly disjunction = this.RULE("disjunction", () => {
    this.SUBRULE(this.conjunction, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.Or, { LABEL: "operator" });
      this.SUBRULE2(this.conjunction, { LABEL: "operand" });
    });
  });

  readonly conjunction = this.RULE("conjunction", () => {
    this.SUBRULE(this.negation, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.And, { LABEL: "operator" });
      this.SUBRULE2(this.negation, { LABEL: "operand" });
    });
  });

  readonly negation = this.RULE("negation", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Not);
          this.deeper();
          this.SUBRULE(this.negation);
          this.shallower();
        },
      },
      { ALT: () => this.SUBRULE(this.relation) },
    ]);
  });

  readonly relation = this.RULE("relation", () => {
    this.SUBRULE(this.sum, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.RelationOp, { LABEL: "operator" });
      this.SUBRULE2(this.sum, { LABEL: "operand" });
    });
  });

  readonly sum = this.RULE("sum", () => {
    this.SUBRULE(this.term, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.SumOp, { LABEL: "operator" });
      this.SUBRULE2(this.term, { LABEL: "operand" });
    });
  });

  readonly term = this.RULE("term", () => {
    this.SUBRULE(this.factor, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.TermOp, { LABEL: "operator" });
      this.SUBRULE2(this.factor, { LABEL: "operand" });
    });
  });

  readonly factor = this.RULE("factor", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Minus);
          this.deeper();
          this.SUBRULE(this.factor);
          this.shallower();
        },
      },
      { ALT: () => this.SUBRULE(this.applied) },
    ]);
  });

  readonly applied = this.RULE("applied", () => {
    this.SUBRULE(this.power);
    this.OPTION({
      GATE: () => closesHead(this.LA(0).tokenType),
      DEF: () => {
        this.deeper();
        this.SUBRULE(this.product);
        this.shallower();
      },
    });
  });

  readonly product = this.RULE("product", () => {
    this.SUBRULE(this.applied, { LABEL: "operand" });
    this.MANY(() => {
      this.CONSUME(t.TermOp, { LABEL: "operator" });
      this.SUBRULE(this.factor, { LABEL: "operand" });
    });
  });

  readonly power = this.RULE("power", () => {
    this.SUBRULE(this.postfix);
    this.OPTION(() => {
      this.CONSUME(t.Caret);
      this.deeper();
      this.SUBRULE(this.factor);
      this.shallower();
    });
  });

  readonly postfix = this.RULE("postfix", () => {
    this.SUBRULE(this.primary);
    this.MANY(() => this.SUBRULE(this.step));
  });

  readonly step = this.RULE("step", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.slots) },
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Name);
          this.OPTION(() => this.SUBRULE(this.args));
        },
      },
    ]);
  });

  readonly primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Numeral) },
      { ALT: () => this.CONSUME(t.Text) },
      { ALT: () => this.CONSUME(t.Bool) },
      {
        ALT: () => {
          this.CONSUME(t.Name);
          this.OPTION(() => this.SUBRULE(this.args));
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen);
          this.SUBRULE(this.expr);
          this.CONSUME(t.RightParen);
        },
      },
    ]);
  });

  readonly args = this.RULE("args", () => {
    this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.arg) });
    this.CONSUME(t.RightParen);
  });

  readonly arg = this.RULE("arg", () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.CONSUME(t.Colon);
    });
    this.SUBRULE(this.expr);
  });

  private deeper(): void {
    this.ACTION(() => {
      this.depth++;
      if (this.depth > DEEPEST) throw new TooDeep(this.LA(0));
    });
  }

  private shallower(): void {
    this.ACTION(() => {
      this.depth--;
    });
  }
}

/** Leaves the parser; parse.ts makes a message of it. */
export class TooDeep extends Error {
  readonly token: IToken;
  constructor(token: IToken) {
    super("internal: nested too deep");
    this.token = token;
  }
}

function closesHead(type: TokenType): boolean {
  return type === t.RightSquare || type === t.RightParen;
}

/** Instead of a text for the user: the name of the token that was expected, for errors.ts to choose by. */
const EXPECTED = {
  buildMismatchTokenMessage: ({ expected }: { expected: TokenType }): string => expected.name,
  buildNotAllInputParsedMessage: (): string => "end",
  buildNoViableAltMessage: (): string => "alternative",
  buildEarlyExitMessage: (): string => "repetition",
};
