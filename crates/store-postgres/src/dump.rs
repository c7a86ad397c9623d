//! Everything, in the form in which states of different stores are compared.

use levada_base::Error;
use levada_store::{State, TABLES, canonical};

use crate::shared::Shared;
use crate::slice::Slice;
use crate::statement::{Fragment, Mode};
use crate::transaction::take_all;

impl Shared {
    /// All rows at one moment.
    ///
    /// # Errors
    /// `LV-T702`, `LV-T710`.
    pub async fn dump(&self) -> Result<State, Error> {
        let mut all = Fragment::default();
        for table in TABLES {
            all.union(Fragment::new(format!("SELECT {{{0} t}} FROM {0} t", table.name), Vec::new()));
        }
        let mut slice = Slice::default();
        take_all(&mut slice, self.rows(&[all.statement(Mode::Read)]).await?)?;
        Ok(canonical(slice.state))
    }
}
