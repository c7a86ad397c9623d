use crate::args::Shared;
use crate::command::Ended;
use crate::screen::Screen;
use levada::Result;
pub(crate) fn run(_shared: &Shared, _screen: &Screen) -> Result<Ended> {
    Ok(Ended::Well)
}
