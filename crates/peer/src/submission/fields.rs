//! The fields that are a number of few values, as they count for the customer.

use smpp::pdu::Sm;
use smpp::status;

use super::{Bad, bad};
use crate::{RegisteredDelivery, Rule, Submitting, Unoffered};

/// The bits of esm_class (SMPP 3.4, 5.2.12).
mod esm {
    pub(super) const MODE: u8 = 0x03;
    pub(super) const TRANSACTION: u8 = 0x02;
    pub(super) const TYPE: u8 = 0x3C;
    pub(super) const DELIVERY_ACKNOWLEDGEMENT: u8 = 0x08;
    pub(super) const USER_ACKNOWLEDGEMENT: u8 = 0x10;
}

/// Fields as they count: what is ignored has its usual value.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) protocol_id: u8,
    pub(super) priority: u8,
    pub(super) registered_delivery: u8,
}

impl Fields {
    #[inline]
    pub(super) fn read(sm: &Sm<'_>, rules: &Submitting) -> Result<Fields, Bad> {
        check_esm_class(sm.esm_class)?;
        check_unoffered(sm, rules)?;
        Ok(Fields {
            protocol_id: match (rules.protocol_id, sm.protocol_id) {
                (Rule::Refuse, 1..) => return Err(bad(status::RSUBMITFAIL, "protocol_id")),
                (Rule::Ignore | Rule::Refuse, _) => 0,
                (Rule::Honour, sent) => sent,
            },
            priority: match (rules.priority, sm.priority_flag) {
                (Rule::Honour, 4..) | (Rule::Refuse, 1..) => {
                    return Err(bad(status::RINVPRTFLG, "priority_flag"));
                }
                (Rule::Ignore | Rule::Refuse, _) => 0,
                (Rule::Honour, sent) => sent,
            },
            registered_delivery: registered_delivery(sm.registered_delivery, rules),
        })
    }
}

/// Which receipts a request asks for, in the words of the specification; its reserved bits are ignored (SMPP 3.4, 5.2.17).
#[inline]
pub(crate) fn registered_delivery(sent: u8, rules: &Submitting) -> u8 {
    match rules.registered_delivery {
        RegisteredDelivery::Specification => sent,
        RegisteredDelivery::AnyIsFinal => u8::from(sent != 0),
        RegisteredDelivery::Never => 0,
    }
}

#[inline]
fn check_esm_class(esm_class: u8) -> Result<(), Bad> {
    let kind = esm_class & esm::TYPE;
    if !matches!(
        kind,
        0 | esm::DELIVERY_ACKNOWLEDGEMENT | esm::USER_ACKNOWLEDGEMENT
    ) {
        return Err(bad(status::RINVESMCLASS, "esm_class"));
    }
    // Its response would have to wait for the handset.
    if esm_class & esm::MODE == esm::TRANSACTION {
        return Err(bad(status::RINVESMCLASS, "esm_class: transaction mode"));
    }
    Ok(())
}

/// What nobody is offered is refused or not looked at.
#[inline]
fn check_unoffered(sm: &Sm<'_>, rules: &Submitting) -> Result<(), Bad> {
    let offered = rules.find_by_address && sm.replace_if_present_flag == 1;
    if sm.replace_if_present_flag != 0 && !offered && rules.replace_if_present == Unoffered::Refuse
    {
        let status = match sm.replace_if_present_flag {
            1 => status::RINVSUBREP,
            _ => status::RINVREPFLAG,
        };
        return Err(bad(status, "replace_if_present_flag"));
    }
    if sm.sm_default_msg_id != 0 && rules.default_message == Unoffered::Refuse {
        return Err(bad(status::RINVDFTMSGID, "sm_default_msg_id"));
    }
    Ok(())
}
