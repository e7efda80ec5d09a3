//! Who made a change, in a few words: `by vim (pid 123, user bob, login alice)`.

use serde_json::Value;

use super::fields::shown;
use super::style::Style;

/// Returns the words of a document that names a process, or several.
pub(super) fn by(document: &Value, style: Style) -> Option<String> {
    if let Some(process) = document.get("process") {
        let mut facts = vec![pid(process)];
        facts.extend(document.get("user").into_iter().flat_map(users));
        return Some(format!(
            "by {} ({})",
            called(process, style),
            facts.join(", ")
        ));
    }
    let several = document.pointer("/waxseal/who/processes")?.as_array()?;
    let mut names: Vec<String> = several
        .iter()
        .map(|process| format!("{} ({})", called(process, style), pid(process)))
        .collect();
    if let Some(others) = document.pointer("/waxseal/who/others") {
        names.push(format!("{} more", shown(Some(others))));
    }
    Some(format!("by some of {}", names.join(", ")))
}

/// Returns the name of a process; the whole path of its program when all is asked for.
fn called(process: &Value, style: Style) -> String {
    let (name, executable) = (process.get("name"), process.get("executable"));
    let known = match style.is_verbose {
        true => executable.or(name),
        false => name.or(executable),
    };
    known.map_or_else(|| "a process".to_owned(), |known| shown(Some(known)))
}

fn pid(process: &Value) -> String {
    format!("pid {}", shown(process.get("pid")))
}

/// Returns the users behind a process, each only where it is another one.
fn users(user: &Value) -> Vec<String> {
    let name = |user: &Value| {
        user.get("name")
            .or_else(|| user.get("id"))
            .map(|name| shown(Some(name)))
    };
    let real = name(user);
    let other = |key: &str| {
        user.get(key)
            .and_then(name)
            .filter(|name| Some(name) != real.as_ref())
    };
    let words = [
        real.clone().map(|real| format!("user {real}")),
        other("effective").map(|name| format!("acting as {name}")),
        other("audit").map(|name| format!("login {name}")),
    ];
    words.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const VERBOSE: Style = Style {
        is_verbose: true,
        is_quiet: false,
        is_colored: false,
    };

    #[test]
    fn a_process_is_told_with_its_users() {
        let process = json!({ "pid": 123, "name": "vim", "executable": "/usr/bin/vim.basic" });
        let table = [
            (json!({}), "by vim (pid 123)"),
            (
                json!({ "id": "0", "name": "root" }),
                "by vim (pid 123, user root)",
            ),
            (
                json!({ "id": "7", "audit": { "id": "7" } }),
                "by vim (pid 123, user 7)",
            ),
            (
                json!({ "id": "5", "name": "bob", "effective": { "id": "0", "name": "root" },
                        "audit": { "id": "6", "name": "eve" } }),
                "by vim (pid 123, user bob, acting as root, login eve)",
            ),
        ];
        for (user, words) in table {
            let document = json!({ "process": process, "user": user });
            assert_eq!(by(&document, Style::PLAIN).as_deref(), Some(words));
        }
        assert_eq!(
            by(&json!({ "process": process }), VERBOSE).unwrap(),
            "by /usr/bin/vim.basic (pid 123)"
        );
    }

    #[test]
    fn several_processes_are_all_told_and_none_accused() {
        let processes = json!([{ "pid": 1, "name": "a\u{1b}" }, { "pid": 2 }]);
        let mut document = json!({ "waxseal": { "who": { "processes": processes } } });
        let words = by(&document, Style::PLAIN).unwrap();
        assert_eq!(words, "by some of a\\x1b (pid 1), a process (pid 2)");
        document["waxseal"]["who"]["others"] = json!(3);
        let words = by(&document, Style::PLAIN).unwrap();
        assert!(words.ends_with("(pid 2), 3 more"), "{words}");
        assert_eq!(by(&json!({ "waxseal": {} }), Style::PLAIN), None);
    }
}
