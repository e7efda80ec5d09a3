//! One table of a configuration file, read key by key: [`Section`].
//!
//! Every mistake is noted with its place and reading goes on, so that one run shows them all.
//! That is why tables are read here by hand: deserialising into a struct ends at the first.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::size::parse_size;
use super::span::parse_span;

/// A place in the file's content.
pub(super) type Span = Range<usize>;

/// The file being read, and what is wrong with it so far.
pub(super) struct Source<'t> {
    pub name: &'t str,
    pub content: &'t str,
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl Source<'_> {
    /// Notes a mistake.
    pub fn error(&mut self, span: Span, message: impl ToString) {
        let problem = Problem::at(self.name, self.content, span, message.to_string());
        self.errors.push(problem);
    }

    /// Notes something that is allowed and probably not meant.
    pub fn warn(&mut self, span: Span, message: impl ToString) {
        let problem = Problem::at(self.name, self.content, span, message.to_string());
        self.warnings.push(problem);
    }
}

/// One table and where it is.
pub(super) struct Section<'t> {
    /// How messages call it, such as `[[monitor]]`.
    pub title: &'static str,
    pub table: &'t DeTable<'t>,
    pub span: Span,
}

impl<'t> Section<'t> {
    /// Notes every key that is not one of these.
    pub fn allow_only(&self, keys: &[&str], source: &mut Source<'_>) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !keys.contains(&name) {
                let title = self.title;
                let use_one = match keys {
                    [] => "it has no settings, remove the key".to_owned(),
                    _ => format!("use {}", keys.join(", ")),
                };
                source.error(
                    key.span(),
                    format!("unknown key {name:?} in {title}: {use_one}"),
                );
            }
        }
    }

    /// Returns a value whatever its type.
    pub fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// Returns the text of a key.
    pub fn text(&self, key: &str, source: &mut Source<'_>) -> Option<(&'t str, Span)> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some((text, value.span())),
            None => {
                self.wrong_type(key, value, "text in quotes", source);
                None
            }
        }
    }

    /// Returns the switch of a key.
    pub fn switch(&self, key: &str, source: &mut Source<'_>) -> Option<bool> {
        let value = self.value(key)?;
        let switch = value.get_ref().as_bool();
        if switch.is_none() {
            self.wrong_type(key, value, "true or false", source);
        }
        switch
    }

    /// Returns the texts of a list, and where the list is.
    pub fn texts(
        &self,
        key: &str,
        source: &mut Source<'_>,
    ) -> Option<(Vec<(&'t str, Span)>, Span)> {
        const WANTED: &str = "a list of texts, such as [\"a\", \"b\"]";
        let list = self.value(key)?;
        let Some(items) = list.get_ref().as_array() else {
            self.wrong_type(key, list, WANTED, source);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text, item.span())),
                None => self.wrong_type(key, item, WANTED, source),
            }
        }
        Some((texts, list.span()))
    }

    /// Returns the size of a key in bytes.
    pub fn size(&self, key: &str, source: &mut Source<'_>) -> Option<u64> {
        let value = self.value(key)?;
        let written = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            _ => {
                self.wrong_type(key, value, "a size, such as \"100 MiB\"", source);
                return None;
            }
        };
        parse_size(&written)
            .map_err(|error| source.error(value.span(), error))
            .ok()
    }

    /// Returns the span of time of a key.
    pub fn duration(&self, key: &str, source: &mut Source<'_>) -> Option<Duration> {
        let (text, span) = self.text(key, source)?;
        parse_span(text)
            .map_err(|error| source.error(span, error))
            .ok()
    }

    /// Returns the whole number of a key, which must be one of these.
    pub fn number(
        &self,
        key: &str,
        allowed: RangeInclusive<u32>,
        source: &mut Source<'_>,
    ) -> Option<u32> {
        let value = self.value(key)?;
        let wanted = format!(
            "a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        );
        let DeValue::Integer(written) = value.get_ref() else {
            self.wrong_type(key, value, &wanted, source);
            return None;
        };
        let number = u32::from_str_radix(written.as_str(), written.radix()).ok();
        let number = number.filter(|number| allowed.contains(number));
        if number.is_none() {
            source.error(value.span(), format!("bad {key}: write {wanted}"));
        }
        number
    }

    /// Returns the tables below a key: those of `[[key]]`, or the one of `[key]`.
    pub fn table(
        &self,
        key: &str,
        title: &'static str,
        source: &mut Source<'_>,
    ) -> Option<Section<'t>> {
        let value = self.value(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Section {
                title,
                table,
                span: value.span(),
            }),
            None => {
                self.wrong_type(key, value, title, source);
                None
            }
        }
    }

    /// Returns the tables of `[[key]]`.
    pub fn tables(
        &self,
        key: &str,
        title: &'static str,
        source: &mut Source<'_>,
    ) -> Vec<Section<'t>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("{title}, with two brackets"), source);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Section {
                    title,
                    table,
                    span: item.span(),
                }),
                None => self.wrong_type(key, item, title, source),
            }
        }
        tables
    }

    fn wrong_type(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
        source: &mut Source<'_>,
    ) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        source.error(value.span(), format!("{key} is {found}: write {wanted}"));
    }
}
