//! Store time and the earliest stored times: how long a background worker may sleep.

use levada_base::Error;
use levada_store::DueKind;

use crate::load::stored;
use crate::param::Param;
use crate::shared::Shared;
use crate::slice::undecodable;
use crate::statement::{Fragment, Mode};

impl Shared {
    /// # Errors
    /// `LV-T702`.
    pub async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        let due = stored(kind);
        let template = format!(
            "SELECT {time} + {after} FROM {table} e WHERE {condition} ORDER BY {time} LIMIT 1",
            time = due.time,
            after = due.after_ms,
            table = due.table,
            condition = due.condition,
        );
        self.number(Fragment::new(template, Vec::new())).await
    }

    /// # Errors
    /// `LV-T702`.
    pub async fn now(&self) -> Result<i64, Error> {
        let told = self.clock.told(&self.world);
        if let Some(now_ms) = told {
            return Ok(now_ms);
        }
        let now_ms = self.number(Fragment::new("SELECT {now}", vec![("now", Param::Time(None))])).await?;
        Ok(self.clock.rise(now_ms.unwrap_or(0)))
    }

    async fn number(&self, fragment: Fragment) -> Result<Option<i64>, Error> {
        let results = self.rows(&[fragment.statement(Mode::Read)]).await?;
        let row = results.iter().flatten().next();
        row.map(|row| row.try_get::<_, i64>(0)).transpose().map_err(undecodable)
    }
}
