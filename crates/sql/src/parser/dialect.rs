//! The words of expressions and queries: PostgreSQL's precedences and literals with DuckDB's short forms.

use std::any::TypeId;

use sqlparser::ast::{Expr, Ident};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::{Keyword, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::tail::starts_tail;

/// Levada's dialect of `sqlparser`.
///
/// It says it is PostgreSQL where the parser asks by type, so that `UNNEST`, `E'…'` and `AS MATERIALIZED` are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct LevadaDialect;

const POSTGRES: PostgreSqlDialect = PostgreSqlDialect {};

macro_rules! supported {
    ($($feature:ident)*) => {
        $(fn $feature(&self) -> bool {
            true
        })*
    };
}

impl Dialect for LevadaDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('"')
    }

    fn is_delimited_identifier_start(&self, first: char) -> bool {
        matches!(first, '"' | '`')
    }

    fn is_identifier_start(&self, first: char) -> bool {
        POSTGRES.is_identifier_start(first)
    }

    fn is_identifier_part(&self, next: char) -> bool {
        POSTGRES.is_identifier_part(next)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        POSTGRES.prec_value(precedence)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        POSTGRES.get_next_precedence(parser)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let [Token::Word(word), next] = parser.peek_tokens_ref().map(|token| &token.token) else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        match word.keyword {
            // A column may be called "user"; PostgreSQL would call the function.
            Keyword::USER if !matches!(next, Token::LParen) => {
                let token = parser.next_token();
                let Token::Word(word) = token.token else { return None };
                Some(Ok(Expr::Identifier(word.into_ident(token.span))))
            }
            Keyword::TABLE if is_table_argument(parser) => Some(table_argument(parser)),
            _ => None,
        }
    }

    /// `a IS [NOT] DISTINCT FROM b AND c`: the comparison binds as tightly as any other.
    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let make: fn(Box<Expr>, Box<Expr>) -> Expr =
            match parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
                true => Expr::IsDistinctFrom,
                false if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) => {
                    Expr::IsNotDistinctFrom
                }
                false => return None,
            };
        Some(parser.parse_subexpr(precedence).map(|right| make(Box::new(left.clone()), Box::new(right))))
    }

    fn is_select_item_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        explicit || !(RESERVED_FOR_COLUMN_ALIAS.contains(keyword) || starts_tail_here(parser))
    }

    fn is_table_factor_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser) -> bool {
        explicit || !(RESERVED_FOR_TABLE_ALIAS.contains(keyword) || starts_tail_here(parser))
    }

    supported! {
        allow_extract_custom
        allow_extract_single_quotes
        support_map_literal_syntax
        supports_array_typedef_with_brackets
        supports_bitwise_shift_operators
        supports_comma_separated_trim
        supports_dictionary_syntax
        supports_filter_during_aggregation
        supports_from_first_select
        supports_group_by_expr
        supports_interval_options
        supports_left_associative_joins_without_parens
        supports_named_fn_args_with_assignment_operator
        supports_nested_comments
        supports_notnull_operator
        supports_numeric_literal_underscores
        supports_order_by_all
        supports_parens_around_table_factor
        supports_select_wildcard_except
        supports_select_wildcard_exclude
        supports_select_wildcard_replace
        supports_string_escape_constant
        supports_struct_literal
        supports_table_versioning
        supports_unicode_string_literal
        supports_window_clause_named_window_reference
        supports_window_function_null_treatment_arg
    }
}

/// The alias test runs with the candidate already taken: the tail would start at it, not after it.
fn starts_tail_here(parser: &Parser) -> bool {
    let current = &parser.get_current_token().token;
    let following = parser.peek_tokens_ref::<3>().map(|token| &token.token);
    starts_tail(&[current, following[0], following[1], following[2]])
}

/// `TABLE t` and `TABLE (SELECT …)` as the first argument of a window function.
fn is_table_argument(parser: &Parser) -> bool {
    let [_, next, after] = parser.peek_tokens_ref().map(|token| &token.token);
    match next {
        Token::Word(word) => word.quote_style.is_some() || word.keyword != Keyword::AS,
        Token::LParen => {
            matches!(after, Token::Word(word) if matches!(word.keyword, Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::FROM))
        }
        _ => false,
    }
}

/// Reads what follows `TABLE` as a name or a subquery: the planner sees the same argument as without the word.
fn table_argument(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.next_token();
    if parser.peek_token_ref().token == Token::LParen {
        return parser.parse_prefix();
    }
    let mut parts: Vec<Ident> = vec![parser.parse_identifier()?];
    while parser.consume_token(&Token::Period) {
        parts.push(parser.parse_identifier()?);
    }
    Ok(match parts.len() {
        1 => Expr::Identifier(parts.swap_remove(0)),
        _ => Expr::CompoundIdentifier(parts),
    })
}
