//! Tags: words that users put on runs and executions.

use std::collections::{BTreeMap, BTreeSet};

use levada_base::Error;
use levada_store::Store;

use super::Tasks;
use crate::rules::{Applied, ChangeTags, TagOwner};

impl<S: Store> Tasks<S> {
    /// Puts tags on a run or execution, and takes others off.
    ///
    /// # Errors
    /// `LV-T001` … `LV-T003`.
    pub async fn change_tags(
        &self,
        owner: TagOwner,
        put: BTreeMap<String, String>,
        remove: BTreeSet<String>,
    ) -> Result<Applied, Error> {
        self.engine.act("change_tags", ChangeTags { owner, put, remove }).await
    }
}
