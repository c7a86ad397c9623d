//! Comparing a message with how the documentation gives it: line ends do not count, and `…` stands for anything.

/// Whether `text` reads as `pattern` says.
pub(crate) fn reads_as(text: &str, pattern: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, pattern) = (flat(text), flat(pattern));
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_for_anything_and_lines_do_not_count() {
        assert!(reads_as("a b c", "a\nb c"));
        assert!(reads_as("key (1, 2) twice", "key … twice"));
        assert!(reads_as("key (1) twice, here", "key … twice…"));
        assert!(!reads_as("a b c", "a b"));
        assert!(!reads_as("a b c", "b c"));
        assert!(!reads_as("key (1) once", "key … twice"));
        assert!(!reads_as("ab", "ab…b"), "what stands before and behind the dots does not overlap");
    }
}
