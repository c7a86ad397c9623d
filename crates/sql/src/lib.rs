//! SQL text → [`Statement`]: what was typed, checked for its form, with a place for every part that can turn out wrong later.
//!
//! Levada's own statements are read here; expressions, types and queries are read by `sqlparser` and stay its AST, so that the
//! planner can hand them on. Not here: names are not resolved, options are not known, types are not looked up.
//!
//! ```
//! use levada_sql::{Statement, parse_one};
//! let parsed = parse_one("CREATE VIEW v AS SELECT id FROM orders WHERE amount > 10;")?;
//! let Statement::CreateView(view) = parsed.statement else { panic!("a view") };
//! assert_eq!(view.name.name, "v");
//! assert_eq!(view.to_string(), "CREATE VIEW v AS\nSELECT id FROM orders WHERE amount > 10");
//! # Ok::<(), levada_base::Error>(())
//! ```

mod parser;
mod statement;

pub use parser::{
    EXPRESSION_DEPTH_MAX, IDENTIFIER_BYTES_MAX, KEYWORDS, LevadaDialect, STATEMENT_BYTES_MAX, Split, TYPE_DEPTH_MAX, parse_all,
    parse_expression, parse_one, parse_script, split, with_stack,
};
pub use sqlparser::ast;
pub use statement::*;
