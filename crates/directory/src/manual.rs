//! The manual's tables of settings, from the rows that the configuration is read by.

use core::fmt::Write as _;

use crate::section::{
    ConnectorSettings, CustomerSettings, GatewaySettings, ListenerSettings, NumberSettings,
    RouteSettings, TopupSettings,
};
use crate::table::{Section, Setting};

/// All settings as tables in Markdown, section by section: key, what may be written, default, when a change counts, what it is.
pub fn reference() -> String {
    let mut out = String::new();
    section::<GatewaySettings>(&mut out);
    section::<ListenerSettings>(&mut out);
    section::<CustomerSettings>(&mut out);
    section::<ConnectorSettings>(&mut out);
    section::<RouteSettings>(&mut out);
    section::<NumberSettings>(&mut out);
    section::<TopupSettings>(&mut out);
    out
}

fn section<T: Section>(out: &mut String) {
    let space = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{space}### `{}`\n\n{}\n", T::title(), T::ABOUT);
    out.push_str(
        "| key | value | default | a change counts | what it is |\n|---|---|---|---|---|\n",
    );
    let plain = T::default();
    for setting in T::settings() {
        let (key, value, effect, about) = (
            setting.key,
            setting.expects(),
            setting.effect.word(),
            setting.about,
        );
        let default = default(&setting, &plain);
        let _ = writeln!(
            out,
            "| `{key}` | {value} | {default} | {effect} | {about} |"
        );
    }
}

fn default<T: Section>(setting: &Setting<T>, plain: &T) -> String {
    if setting.required {
        return "required".to_owned();
    }
    match setting.write(plain) {
        none if none.is_empty() => "none".to_owned(),
        written => format!("`{written}`"),
    }
}
