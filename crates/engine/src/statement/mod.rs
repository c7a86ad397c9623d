//! The statements, one file each. Every CREATE checks everything before it changes anything: after an error the name is free.

mod create_query;
mod create_sink;
mod create_source;
mod create_table;
mod create_table_as;
mod create_view;
mod describe;
mod dml;
mod drop;
mod existing;
mod explain;
mod file_table;
mod options;
mod row_columns;
mod select;
mod set;
mod show;
mod subscribe;
mod tables;
mod upsert;

use levada_base::{Error, ObjectId, Result, codes};
use levada_catalog::Kind;
use levada_sql::{ObjectKind, Statement};

use crate::core::Core;
use crate::outcome::{Notice, Outcome};

pub(crate) use create_table_as::create_table_as;
pub(crate) use dml::{delete, insert, insert_batch, update};
pub(crate) use file_table::FileTable;
pub(crate) use select::select;

/// Executes a statement that needs no waiting.
///
/// # Errors
/// The statement's own.
pub(crate) fn execute(core: &mut Core, statement: Statement) -> Result<Outcome> {
    match statement {
        Statement::CreateSource(create) => create_source::execute(core, &create),
        Statement::CreateTable(create) => create_table::execute(core, &create),
        Statement::CreateStream(create) | Statement::CreateMaterializedView(create) => create_query::execute(core, &create),
        Statement::CreateView(create) => create_view::execute(core, &create),
        Statement::CreateSink(create) => create_sink::execute(core, &create),
        Statement::Drop(drop) => drop::execute(core, &drop),
        Statement::Show(show) => show::execute(core, &show),
        Statement::ShowCreate { kind, name } => show::create(core, kind, &name),
        Statement::Describe { name, extended } => describe::execute(core, &name, extended),
        Statement::Explain(explain) => explain::execute(core, &explain),
        Statement::Truncate(name) => dml::truncate(core, &name),
        Statement::Subscribe(subscribe) => subscribe::execute(core, &subscribe),
        Statement::Set(set) => set::set(core, &set),
        Statement::Reset(parameter) => set::reset(core, &parameter),
        Statement::ShowParameter(parameter) => set::show(core, &parameter),
        // Every write has its epoch when it returns, so there is never anything left to flush.
        Statement::Flush => Ok(done("FLUSH".to_owned())),
        Statement::Select(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
            Err(Error::internal("a statement that waits was executed as one that does not"))
        }
    }
}

/// The id of a source that the program may push into.
///
/// # Errors
/// `LV-S101`, `LV-S105`; `LV-S204` for a source with a connector.
pub(crate) fn push_source(core: &Core, name: &str) -> Result<ObjectId> {
    let object = core.catalog.find_kind(name, Kind::Source)?;
    if crate::database::is_pushed(&object.payload) {
        return Ok(object.id);
    }
    Err(Error::new(codes::LV_S204, format!("source \"{name}\" is fed by its connector"))
        .with_hint(format!("push into a source without one: CREATE SOURCE {name}_in (…)")))
}

/// A statement that changed the catalog.
fn done(message: String) -> Outcome {
    Outcome::Done { message, notices: Vec::new() }
}

/// The catalog's word for the parser's.
fn kind_of(kind: ObjectKind) -> Kind {
    match kind {
        ObjectKind::Source => Kind::Source,
        ObjectKind::Table => Kind::Table,
        ObjectKind::Stream => Kind::Stream,
        ObjectKind::MaterializedView => Kind::MaterializedView,
        ObjectKind::View => Kind::View,
        ObjectKind::Sink => Kind::Sink,
    }
}

fn with_notices(message: String, notices: Vec<Notice>) -> Outcome {
    Outcome::Done { message, notices }
}
