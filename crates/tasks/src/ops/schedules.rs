//! Schedules: runs that begin by the clock.

use levada_base::Error;
use levada_store::rows::Schedule;
use levada_store::{Query, ScheduleId, Scope, Store};

use super::Tasks;
use crate::rules::{self, Applied, CreateSchedule, Created, DeleteSchedule, PauseSchedule, ResumeSchedule};
use crate::spec::NewSchedule;

/// Times of one answer at most.
const NEXT_FIRES_MAX: u32 = 1_000;

impl<S: Store> Tasks<S> {
    /// Makes a schedule; the answer says when it fires next.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T004`, `LV-T601`, `LV-T602`, and what is refused of its graph.
    pub async fn create_schedule(&self, new: NewSchedule) -> Result<Created<(ScheduleId, Option<i64>)>, Error> {
        let (now_ms, random) = self.engine.fresh();
        let id = new.id.unwrap_or_else(|| ScheduleId::new(now_ms, random));
        self.engine.act("create_schedule", CreateSchedule { id, new }).await
    }

    /// Has nothing fire until it is resumed.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn pause_schedule(&self, schedule: ScheduleId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("pause_schedule", PauseSchedule { schedule, actor: actor.to_owned() }).await
    }

    /// Lets it fire again, from the next nominal time on.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn resume_schedule(&self, schedule: ScheduleId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("resume_schedule", ResumeSchedule { schedule, actor: actor.to_owned() }).await
    }

    /// Removes a schedule. Its runs stay.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn delete_schedule(&self, schedule: ScheduleId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("delete_schedule", DeleteSchedule { schedule, actor: actor.to_owned() }).await
    }

    /// When a schedule fires the next `n` times as long as nobody pauses or changes it; fewer if it ends before.
    ///
    /// # Errors
    /// `LV-T001` for an `n` outside of 1 … 1000, `LV-T002`, `LV-T710`.
    pub async fn next_fires(&self, schedule: ScheduleId, n: u32) -> Result<Vec<i64>, Error> {
        if !(1..=NEXT_FIRES_MAX).contains(&n) {
            return Err(rules::invalid("n", n, "within 1 … 1000"));
        }
        let rows = self.engine.read(Query::Scope(Scope::Schedule(schedule))).await?.rows;
        let row = rows.schedules.get(&schedule).filter(|row| self.engine.settings.serves(&row.namespace));
        rules::next_fires(row.ok_or_else(|| rules::unknown("schedule", schedule))?, n as usize)
    }

    /// All schedules of the namespaces that this node serves.
    ///
    /// # Errors
    /// What the store says.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let rows = self.engine.read(Query::Schedules).await?.rows.schedules;
        Ok(rows.into_values().filter(|row| self.engine.settings.serves(&row.namespace)).collect())
    }
}
