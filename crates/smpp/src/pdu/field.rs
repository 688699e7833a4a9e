//! The strings of the mandatory fields: how long they may be and what is said of one that is too long.

use crate::pdu::Bind;
use crate::status::{self, Status};
use crate::warnings::{Malformed, Warnings};

/// One string field.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The specification's maximum in octets, its NUL included.
    pub(super) max: usize,
    /// What is taken from and sent to a peer at most, its NUL included; above `max` only for binds.
    pub(super) hard_max: usize,
    pub(super) status: Status,
    pub(super) long: Warnings,
}

const fn field(name: &'static str, max: usize, status: Status, long: Warnings) -> Field {
    Field {
        name,
        max,
        hard_max: max,
        status,
        long,
    }
}

/// Many deployments allow longer credentials than the specification. They are read up to 64 characters with a warning,
/// and the customer's own [`BindLimits`] decide.
const fn bind_field(name: &'static str, max: usize, status: Status, long: Warnings) -> Field {
    Field {
        name,
        max,
        hard_max: 65,
        status,
        long,
    }
}

pub(super) static SYSTEM_ID: Field =
    bind_field("system_id", 16, status::RINVSYSID, Warnings::LONG_SYSTEM_ID);
pub(super) static PASSWORD: Field =
    bind_field("password", 9, status::RINVPASWD, Warnings::LONG_PASSWORD);
pub(super) static SYSTEM_TYPE: Field = bind_field(
    "system_type",
    13,
    status::RINVSYSTYP,
    Warnings::LONG_SYSTEM_TYPE,
);
pub(super) static ADDRESS_RANGE: Field = bind_field(
    "address_range",
    41,
    status::RBINDFAIL,
    Warnings::LONG_ADDRESS_RANGE,
);
pub(super) static SERVICE_TYPE: Field = field(
    "service_type",
    6,
    status::RINVSERTYP,
    Warnings::LONG_SERVICE_TYPE,
);
pub(super) static SOURCE_ADDR: Field =
    field("source_addr", 21, status::RINVSRCADR, Warnings::LONG_SOURCE);
pub(super) static DESTINATION_ADDR: Field = field(
    "destination_addr",
    21,
    status::RINVDSTADR,
    Warnings::LONG_DESTINATION,
);
/// Of `data_sm` and `alert_notification`.
pub(super) static WIDE_SOURCE_ADDR: Field =
    field("source_addr", 65, status::RINVSRCADR, Warnings::LONG_SOURCE);
/// Of `data_sm`.
pub(super) static WIDE_DESTINATION_ADDR: Field = field(
    "destination_addr",
    65,
    status::RINVDSTADR,
    Warnings::LONG_DESTINATION,
);
/// Of `alert_notification`.
pub(super) static ESME_ADDR: Field = field(
    "esme_addr",
    65,
    status::RINVDSTADR,
    Warnings::LONG_DESTINATION,
);
pub(super) static MESSAGE_ID: Field = field(
    "message_id",
    65,
    status::RINVMSGID,
    Warnings::LONG_MESSAGE_ID,
);
pub(super) static DL_NAME: Field = field("dl_name", 21, status::RINVDLNAME, Warnings::LONG_DL_NAME);
pub(super) static SCHEDULE_DELIVERY_TIME: Field = time("schedule_delivery_time", status::RINVSCHED);
pub(super) static VALIDITY_PERIOD: Field = time("validity_period", status::RINVEXPIRY);
pub(super) static FINAL_DATE: Field = time("final_date", status::RINVCMDLEN);

const fn time(name: &'static str, status: Status) -> Field {
    field(name, 17, status, Warnings::TIME_LENGTH)
}

/// How long the strings of a bind may be, in characters without their NUL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindLimits {
    /// Of `system_id`.
    pub system_id: u8,
    /// Of `password`.
    pub password: u8,
    /// Of `system_type`.
    pub system_type: u8,
    /// Of `address_range`.
    pub address_range: u8,
}

impl BindLimits {
    /// 15, 8, 12 and 40 characters (SMPP 3.4, 4.1.1).
    pub const SPECIFICATION: BindLimits = BindLimits {
        system_id: 15,
        password: 8,
        system_type: 12,
        address_range: 40,
    };
}

impl Bind<'_> {
    /// Holds the strings to a customer's limits; decoding itself takes up to 64 characters.
    ///
    /// # Errors
    /// The status of the first field that is too long: 0x0F, 0x0E, 0x53 or 0x0D.
    pub fn check(&self, limits: &BindLimits) -> Result<(), Malformed> {
        for (value, field, limit) in [
            (self.system_id, &SYSTEM_ID, limits.system_id),
            (self.password, &PASSWORD, limits.password),
            (self.system_type, &SYSTEM_TYPE, limits.system_type),
            (self.address_range, &ADDRESS_RANGE, limits.address_range),
        ] {
            if value.len() > usize::from(limit) {
                return Err(field.malformed());
            }
        }
        Ok(())
    }
}

impl Field {
    #[cold]
    pub(super) fn malformed(&self) -> Malformed {
        Malformed {
            status: self.status,
            field: self.name,
        }
    }
}
