//! What building a run brings: its header, and what is named of its graph.

use levada_store::BuildingScope;
use levada_store::rows::{Edge, Execution, ResultRow};

use super::run::EDGES_INTO;
use super::{CONDITION, Slice};
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

static REACHED: Select<Edge> = Select::new(include_str!("../sql/reached_edges.sql"));
static MEMBERS_NAMED: Select<Execution> = Select::new("WHERE run_id = ?1 AND name = ?2");
static RESULT: Select<ResultRow> = Select::without_bytes("WHERE execution_id = ?1 AND generation = ?2");

impl Slice<'_> {
    pub(super) fn building(&mut self, scope: &BuildingScope) -> Result<()> {
        self.lock_run(scope.run)?;
        for execution in &scope.executions {
            self.group_row(*execution)?;
            self.bring(&EDGES_INTO, (id(scope.run.0), id(execution.0)))?;
            self.execution(*execution)?;
            let found = self.state.executions.get(execution);
            let (name, generation) = found.map_or_else(Default::default, |row| (row.name.clone(), row.generation));
            self.bring(&RESULT, (id(execution.0), generation))?;
            if !name.is_empty() {
                self.members_named(scope, &name)?;
            }
        }
        scope.names.iter().try_for_each(|name| self.members_named(scope, name))?;
        for key in &scope.conditions {
            self.bring(&CONDITION, (id(scope.run.0), key))?;
        }
        match scope.reach {
            Some(from) => self.bring(&REACHED, (id(scope.run.0), id(from.0))),
            None => Ok(()),
        }
    }

    fn members_named(&mut self, scope: &BuildingScope, name: &str) -> Result<()> {
        for member in self.session.all(&MEMBERS_NAMED, (id(scope.run.0), name))? {
            self.bring(&RESULT, (id(member.id.0), member.generation))?;
            if !self.loaded.contains(&member.id) {
                self.with_belongings(member)?;
            }
        }
        Ok(())
    }
}
