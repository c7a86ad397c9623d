//! `levada run FILE` and `levada sql -c TEXT`: a script, from its first statement to the end of its inputs.

use std::io::Read;
use std::path::Path;

use levada::{Error, Result, World, codes};
use levada_sql::Parsed;

use super::{Ended, runtime, tell};
use crate::args::{Run, Shared, Sql};
use crate::report::Text;
use crate::screen::Screen;
use crate::session::{Session, Talk, Waited};

/// A script longer than this is not one.
const SCRIPT_BYTES_MAX: u64 = 64 << 20;

/// `levada run FILE`.
///
/// # Errors
/// A script that can't be read; an unknown setting. What goes wrong in the script has been told.
pub(super) fn run(args: &Run, screen: &Screen) -> Result<Ended> {
    let text = read(&args.file)?;
    execute(Text::whole(&args.file.display().to_string(), &text), &args.shared, screen)
}

/// `levada sql -c TEXT`.
///
/// # Errors
/// As [`run`].
pub(super) fn sql(args: &Sql, screen: &Screen) -> Result<Ended> {
    execute(Text::whole("command", &args.text), &args.shared, screen)
}

fn execute(text: Text<'_>, shared: &Shared, screen: &Screen) -> Result<Ended> {
    let runtime = runtime()?;
    let mut session = {
        let _within = runtime.enter();
        Session::open(shared, screen.clone(), Talk::Quiet)?
    };
    let done = levada_sql::parse_script(text.text).and_then(|script| runtime.block_on(statements(&mut session, script)));
    Ok(match done {
        Ok(()) => Ended::Well,
        Err(error) => {
            // The sinks still get what was worked off; the first error is the one to tell.
            let _ = session.close();
            tell(&error, Some(text), screen)
        }
    })
}

async fn statements(session: &mut Session, script: Vec<Parsed>) -> Result<()> {
    for parsed in script {
        if session.execute(parsed).await? == Waited::Interrupted {
            return session.close();
        }
    }
    session.finish().await
}

/// The text of a script; `-` is the standard input.
///
/// # Errors
/// `LV-C010` if it can't be read, `LV-S001` if it is not text.
pub(super) fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        let file = World::real().files().open(path);
        file.and_then(|file| file.take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|cause| {
        Error::new(codes::LV_C010, format!("script \"{}\" can't be read", path.display()))
            .with_reason(cause.to_string())
            .with_hint("give the path of a file with SQL statements, or - for the standard input")
    })?;
    if bytes.len() as u64 > SCRIPT_BYTES_MAX {
        return Err(Error::new(
            codes::LV_S001,
            format!("script \"{}\" is longer than {} MiB", path.display(), SCRIPT_BYTES_MAX >> 20),
        )
        .with_hint("put data into files and read them with CREATE SOURCE"));
    }
    String::from_utf8(bytes).map_err(|cause| {
        Error::new(codes::LV_S001, format!("script \"{}\" is not UTF-8 text", path.display()))
            .with_reason(cause.utf8_error().to_string())
            .with_hint("save it as UTF-8")
    })
}
