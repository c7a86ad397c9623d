//! The rules for the wording of an error, held against every error that any script or page provokes: what was wrong in lower case and
//! without a full stop, where, and what to type instead; and never a bug of ours.

use levada::{Error, Kind};

/// What the error does wrong; nothing if it is fit to be read.
#[must_use]
pub fn faults(error: &Error) -> Vec<&'static str> {
    let is_name = |text: &str| {
        text.chars().take_while(|letter| letter.is_alphabetic()).filter(|letter| letter.is_uppercase()).count() > 1
    };
    let starts_as_sentence = |text: &str| text.starts_with(char::is_uppercase) && !is_name(text);
    let stops = |text: &str| text.ends_with('.') && !text.ends_with("…");
    let parts = [Some(error.message()), error.reason(), error.hint()];
    // A reason may be a list of its own, such as the tree of what reads an object.
    let one_line = [Some(error.message()), error.hint()];
    let any = |is: &dyn Fn(&str) -> bool| parts.iter().flatten().any(|part| is(part));
    let rules = [
        (error.kind() == Kind::Internal, "it is a bug"),
        (error.message().is_empty(), "no message"),
        (error.hint().is_none_or(str::is_empty), "no fix"),
        (any(&starts_as_sentence), "a part starts with a capital"),
        (any(&stops), "a part ends in a full stop"),
        (one_line.iter().flatten().any(|part| part.contains('\n')), "more than one line"),
        (any(&|part| part.contains("DataFusion") || part.contains("Arrow error")), "it speaks of a library"),
        (error.kind() == Kind::Invalid && error.position().is_none(), "no place in the statement"),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, fault)| fault).collect()
}

#[cfg(test)]
mod tests {
    use levada::{Position, codes};

    use super::*;

    fn good() -> Error {
        Error::new(codes::LV_S110, "column \"a\" not found").with_hint("write \"b\"").at(Position::new(1, 8))
    }

    #[test]
    fn a_well_worded_error_has_no_faults() {
        assert_eq!(faults(&good()), Vec::<&str>::new());
        assert_eq!(faults(&good().with_reason("NULL is no key")), Vec::<&str>::new(), "keywords may start a part");
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let bare = || Error::new(codes::LV_S110, "x").at(Position::new(1, 1));
        let cases = [
            (bare(), "no fix"),
            (bare().with_hint("Do it"), "a part starts with a capital"),
            (bare().with_hint("do it."), "a part ends in a full stop"),
            (bare().with_hint("a\nb"), "more than one line"),
            (bare().with_hint("ask DataFusion"), "it speaks of a library"),
            (Error::new(codes::LV_S110, "x").with_hint("y"), "no place in the statement"),
            (Error::internal("x"), "it is a bug"),
        ];
        for (error, fault) in cases {
            assert_eq!(faults(&error), [fault], "{error:?}");
        }
    }
}
