//! How text looks: colours and how much detail, decided once from options and environment.

use std::borrow::Cow;

/// How lines for people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use the terminal's colours.
    pub is_colored: bool,
    /// Whether to print digests and identities whole.
    pub is_verbose: bool,
    /// Whether to leave out notices that tell of nothing wrong.
    pub is_quiet: bool,
}

/// The colours in use, each with one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Something came.
    Green,
    /// Content differs.
    Yellow,
    /// Properties differ.
    Blue,
    /// Something stands elsewhere.
    Cyan,
    /// Something went, or failed.
    Red,
    /// Beside the point.
    Dim,
}

impl Style {
    /// Neither colours nor details.
    pub const PLAIN: Style = Style {
        is_colored: false,
        is_verbose: false,
        is_quiet: false,
    };

    /// Returns the text in a colour, if colours are wanted.
    pub fn paint<'t>(self, color: Color, text: &'t str) -> Cow<'t, str> {
        if !self.is_colored {
            return Cow::Borrowed(text);
        }
        let code = match color {
            Color::Green => 32,
            Color::Yellow => 33,
            Color::Blue => 34,
            Color::Cyan => 36,
            Color::Red => 31,
            Color::Dim => 2,
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}
