//! What a panic said, and where.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    static LAST_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics remember their place in the source, for failure reports. What was installed before still runs.
pub fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            LAST_PLACE.with(|place| {
                *place.borrow_mut() = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
            });
            before(info);
        }));
    });
}

/// The text of a panic, with its place where the hook has seen it.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned());
    match LAST_PLACE.with(|place| place.borrow_mut().take()) {
        Some(place) => format!("{text} ({place})"),
        None => text,
    }
}
