//! What must hold of patterns in any text, see `fuzz/`.

use super::pattern::PatternSet;
use super::{PathPattern, check_pattern};

/// How many patterns are compiled together.
const PATTERNS: usize = 8;

/// Matches a path, the first line, against patterns, the other lines, together and one by one.
pub fn patterns(bytes: &[u8]) {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let path = lines.next().unwrap_or_default();
    let texts = lines.filter_map(|line| String::from_utf8(line.to_vec()).ok());
    let texts: Vec<String> = texts.take(PATTERNS).collect();
    for text in &texts {
        if let Err(error) = check_pattern(text) {
            assert!(!error.to_string().is_empty());
        }
        path_pattern(text);
    }
    let good: Vec<String> = (texts.into_iter())
        .filter(|text| check_pattern(text).is_ok())
        .collect();
    // Each of them compiles, so they can only be too large together.
    let Ok(set) = PatternSet::compile(&good) else {
        return;
    };
    let first = good.iter().find(|text| {
        let alone = PatternSet::compile(std::slice::from_ref(text));
        alone.is_ok_and(|alone| alone.first_match(path).is_some())
    });
    assert_eq!(set.first_match(path), first.map(String::as_str));
}

/// Reads a path or a glob of paths, and checks that its written form says the same.
fn path_pattern(text: &str) {
    match PathPattern::parse(text) {
        Ok(pattern) => {
            let json = serde_json::to_string(&pattern).expect("strings can be written as JSON");
            let again: PathPattern = serde_json::from_str(&json).expect("what was written is read");
            assert_eq!(again, pattern);
            assert!(pattern.segments().is_ok());
            let _ = pattern.fixed_part();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
