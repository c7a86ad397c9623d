//! `TUMBLE_START(ts, i)`, `TUMBLE_END(ts, i)` and, where a query groups by a window, `window_start` and `window_end`: all are fields of
//! the window that is grouped by. They are rewritten in the syntax tree, because grouping looks at whole expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr, Ident, ObjectName,
    Query, Select, SetExpr, Value, VisitMut, VisitorMut, visit_expressions,
};

use super::functions::WindowKind;

/// The query with every such call as a field of its window.
pub(crate) fn rewrite(query: &mut Query) {
    let _: ControlFlow<()> = query.visit(&mut Bounds);
    let _: ControlFlow<()> = query.visit(&mut Pseudo);
}

/// Whether the query names `window_time` anywhere.
pub(crate) fn names_window_time(query: &Query) -> bool {
    let is_time = |name: &Ident| name.value.eq_ignore_ascii_case("window_time");
    let found = visit_expressions(query, |expr| match expr {
        Expr::Identifier(name) if is_time(name) => ControlFlow::Break(()),
        Expr::CompoundIdentifier(names) if names.last().is_some_and(is_time) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

struct Bounds;

impl VisitorMut for Bounds {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let Some((window, field)) = bound_of(&function.name)
        {
            let mut call = function.clone();
            call.name = ObjectName::from(vec![Ident::new(window)]);
            *expr = field_of(Expr::Function(call), field);
        }
        ControlFlow::Continue(())
    }
}

/// `tumble_start` is the `start` of `tumble`.
fn bound_of(name: &ObjectName) -> Option<(&'static str, &'static str)> {
    let name = name.to_string().to_ascii_lowercase();
    let (window, bound) = name.rsplit_once('_')?;
    let window = WindowKind::of(window)?.name();
    match bound {
        "start" => Some((window, "start")),
        "end" => Some((window, "end")),
        _ => None,
    }
}

struct Pseudo;

impl VisitorMut for Pseudo {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut()
            && let Some(window) = grouped_window(select)
        {
            let mut fields = Fields { window };
            let _ = select.projection.visit(&mut fields);
            let _ = select.group_by.visit(&mut fields);
            let _ = select.having.visit(&mut fields);
            let _ = query.order_by.visit(&mut fields);
        }
        ControlFlow::Continue(())
    }
}

/// The one window that a select groups by.
fn grouped_window(select: &Select) -> Option<Expr> {
    let GroupByExpr::Expressions(keys, _) = &select.group_by else { return None };
    let mut windows = keys.iter().filter(|key| match key {
        Expr::Function(function) => WindowKind::of(&function.name.to_string()).is_some(),
        _ => false,
    });
    let window = windows.next()?.clone();
    windows.next().is_none().then_some(window)
}

struct Fields {
    window: Expr,
}

impl VisitorMut for Fields {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr {
            match name.value.to_ascii_lowercase().as_str() {
                "window_start" => *expr = field_of(self.window.clone(), "start"),
                "window_end" => *expr = field_of(self.window.clone(), "end"),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

fn field_of(window: Expr, field: &str) -> Expr {
    let argument = |expr: Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    let field = Expr::Value(Value::SingleQuotedString(field.to_owned()).into());
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("get_field")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![argument(window), argument(field)],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
