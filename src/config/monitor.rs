//! Reads one `[[monitor]]` table into a [`MonitorSpec`].

use std::collections::BTreeMap;
use std::path::is_separator;
use std::str::FromStr;

use waxseal_hashers::{HashType, HashTypes};
use waxseal_platform::place;
use waxseal_platform::stat::Kind;

use super::problem::ESCAPES;
use super::section::{Section, Source, Span};
use crate::policy::{
    Accept, Attributes, Decision, MonitorSpec, PathPattern, Policy, PolicySpec, check_pattern,
};

/// What to say of hash types none of which is tamper evident.
pub const NOT_TAMPER_EVIDENT: &str = "whoever wants to can make another file with these digests: \
     add one that is tamper evident, such as \"sha256\"";

/// The keys of a monitor, in the order in which they are shown.
const KEYS: [&str; 12] = [
    "name",
    "paths",
    "recursive",
    "exclude_files",
    "include_files",
    "hash_types",
    "attributes",
    "accept",
    "realtime",
    "tags",
    "one_file_system",
    "max_file_size",
];

/// The names given so far, each with the file and line.
pub(super) type Names = BTreeMap<String, String>;

/// Reads a monitor; what is wrong with it is noted in `source`.
pub(super) fn read(
    section: &Section<'_>,
    names: &mut Names,
    source: &mut Source<'_>,
) -> MonitorSpec {
    section.allow_only(&KEYS, source);
    let name = read_name(section, names, source);
    let (paths, path_spans) = read_paths(section, source);
    let mut monitor = MonitorSpec::new(&name, paths);

    monitor.exclude_files = read_patterns(section, "exclude_files", source);
    monitor.include_files = read_patterns(section, "include_files", source);
    if let Some(hash_types) = read_hash_types(section, source) {
        monitor.hash_types = hash_types;
    }
    if let Some(attributes) = read_attributes(section, source) {
        monitor.attributes = attributes;
    }
    if let Some(accept) = read_accept(section, source) {
        monitor.accept = accept;
    }
    if let Some((tags, _)) = section.texts("tags", source) {
        monitor.tags = tags.iter().map(|(tag, _)| (*tag).to_owned()).collect();
        tags.iter()
            .for_each(|(tag, span)| check_word("tag", tag, span, source));
    }
    for (key, field) in [
        ("recursive", &mut monitor.recursive),
        ("realtime", &mut monitor.realtime),
        ("one_file_system", &mut monitor.one_file_system),
    ] {
        *field = section.switch(key, source).unwrap_or(*field);
    }
    // Nobody wants to hash no file at all by size: 0 lifts the limit, as everywhere.
    monitor.max_file_size = section
        .size("max_file_size", source)
        .filter(|size| *size > 0);
    warn_of_excluded_paths(&monitor, &path_spans, source);
    monitor
}

fn read_name(section: &Section<'_>, names: &mut Names, source: &mut Source<'_>) -> String {
    let Some((name, span)) = section.text("name", source) else {
        if section.value("name").is_none() {
            let message = "a monitor without name: add name = \"..\", reports use it";
            source.error(section.span.clone(), message);
        }
        return String::new();
    };
    check_word("name", name, &span, source);
    let line = source
        .content
        .get(..span.start)
        .map_or(1, |before| before.matches('\n').count() + 1);
    let here = format!("{}:{line}", source.name);
    if let Some(first) = names.insert(name.to_owned(), here) {
        source.error(
            span,
            format!("the name {name:?} is taken by the monitor at {first}: rename one"),
        );
    }
    name.to_owned()
}

/// Notes a name or tag that reports could not print on one line.
fn check_word(what: &str, word: &str, span: &Span, source: &mut Source<'_>) {
    if word.trim().is_empty() || word.chars().any(char::is_control) {
        source.error(
            span.clone(),
            format!("bad {what} {word:?}: write some printable text"),
        );
    }
}

fn read_paths(section: &Section<'_>, source: &mut Source<'_>) -> (Vec<PathPattern>, Vec<Span>) {
    let next = format!(
        "name at least one absolute path, such as paths = [\"{}\"]",
        place::EXAMPLE
    );
    let Some((written, list)) = section.texts("paths", source) else {
        if section.value("paths").is_none() {
            source.error(
                section.span.clone(),
                format!("a monitor without paths: {next}"),
            );
        }
        return Default::default();
    };
    if written.is_empty() {
        source.error(list, format!("paths is empty: {next}"));
    }
    let mut paths = Vec::with_capacity(written.len());
    let mut spans = Vec::with_capacity(written.len());
    for (text, span) in written {
        match PathPattern::parse(text) {
            Ok(path) => {
                warn_of_escapes(text, &span, source);
                paths.push(path);
                spans.push(span);
            }
            Err(error) if text.contains(char::is_control) => {
                source.error(span, format!("{error}; {ESCAPES}"));
            }
            Err(error) => source.error(span, error),
        }
    }
    (paths, spans)
}

fn read_patterns(section: &Section<'_>, key: &str, source: &mut Source<'_>) -> Vec<String> {
    let (texts, _) = section.texts(key, source).unwrap_or_default();
    let mut patterns = Vec::with_capacity(texts.len());
    for (text, span) in texts {
        match check_pattern(text) {
            Ok(()) => {
                warn_of_escapes(text, &span, source);
                patterns.push(text.to_owned());
            }
            Err(error) => source.error(span, error),
        }
    }
    patterns
}

/// Warns of a control character where backslashes separate names: none has one there.
fn warn_of_escapes(text: &str, span: &Span, source: &mut Source<'_>) {
    if is_separator('\\') && text.contains(char::is_control) {
        let message = format!("{text:?} holds a control character; {ESCAPES}");
        source.warn(span.clone(), message);
    }
}

fn read_hash_types(section: &Section<'_>, source: &mut Source<'_>) -> Option<HashTypes> {
    let (texts, list) = section.texts("hash_types", source)?;
    let mut types = HashTypes::empty();
    let mut all_known = true;
    for (text, span) in texts {
        match HashType::from_str(text) {
            Ok(hash_type) => types.insert(hash_type),
            Err(error) => {
                source.error(span, error);
                all_known = false;
            }
        }
    }
    if all_known && !types.iter().any(HashType::is_tamper_evident) {
        let message = if types.is_empty() {
            "hash_types is empty: a changed content with size and times put back goes unnoticed"
        } else {
            NOT_TAMPER_EVIDENT
        };
        source.warn(list, message);
    }
    Some(types)
}

fn read_attributes(section: &Section<'_>, source: &mut Source<'_>) -> Option<Vec<String>> {
    let (texts, list) = section.texts("attributes", source)?;
    let items: Vec<String> = texts.iter().map(|(text, _)| (*text).to_owned()).collect();
    let mut all_known = true;
    for (text, span) in texts {
        if let Err(error) = Attributes::check_item(text) {
            source.error(span, error);
            all_known = false;
        }
    }
    if all_known && let Err(error) = Attributes::parse(&items) {
        source.error(list, error);
    }
    Some(items)
}

fn read_accept(section: &Section<'_>, source: &mut Source<'_>) -> Option<Accept> {
    let (text, span) = section.text("accept", source)?;
    let known = [Accept::Manual, Accept::Auto]
        .into_iter()
        .find(|accept| accept.name() == text);
    if known.is_none() {
        let next = "use \"manual\" (a change stays open until approved) or \"auto\"";
        source.error(span, format!("unknown accept {text:?}: {next}"));
    }
    known
}

/// Warns when a monitor excludes one of its own paths, which then is watched by nobody.
fn warn_of_excluded_paths(monitor: &MonitorSpec, spans: &[Span], source: &mut Source<'_>) {
    let alone = PolicySpec {
        monitors: vec![monitor.clone()],
    };
    // A monitor that does not compile has its mistakes noted already.
    let Ok(policy) = Policy::compile(&alone) else {
        return;
    };
    for (path, span) in monitor.paths.iter().zip(spans) {
        let PathPattern::Literal(path) = path else {
            continue;
        };
        if let Decision::Excluded { by, .. } = policy.decide(path, Kind::Directory) {
            let message = format!("the monitor excludes this path itself, by {by:?}: drop one");
            source.warn(span.clone(), message);
        }
    }
}
