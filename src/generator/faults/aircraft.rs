//! Mistakes in movements of aircraft.

use super::{Fault, ROOT, fault, fault_of, leave_out};
use crate::generator::tree::{Id, Tree};

const GENERAL: &str = "GeneralDeclaration";
const CREW: &str = "Declaration/CrewList/CrewMember";

/// See [`Fault`].
pub(crate) const AIRCRAFT: &[Fault] = &[
    fault(
        "flight number missing",
        "cvc-complex-type.2.4",
        "flight",
        |m, _| {
            let declaration = m.find(ROOT, "Declaration")?;
            leave_out(m, declaration, "FlightNumber")
        },
    ),
    fault(
        "element unknown",
        "cvc-complex-type.2.4",
        "unknown",
        |m, _| {
            let declaration = m.find(ROOT, "Declaration")?;
            m.append(declaration, "Crew", "12")
        },
    ),
    fault(
        "declaration before head",
        "cvc-complex-type.2.4",
        "order",
        |m, _| {
            let declaration = m.find(ROOT, "Declaration")?;
            m.move_first(declaration);
            Some(m.path(declaration))
        },
    ),
    fault(
        "registration too long",
        "cvc-maxLength-valid",
        "registration",
        |m, _| {
            m.change(
                ROOT,
                "Declaration/AircraftRegistration",
                "B2485-FLEET-OF-THE-CAPITAL-1",
            )
        },
    ),
    fault(
        "declaration date with hyphens",
        "cvc-pattern-valid",
        "declared",
        |m, _| m.change(ROOT, "Declaration/DeclarationDate", "2026-03-02"),
    ),
    fault(
        "arrival without zone",
        "cvc-pattern-valid",
        "declared",
        |m, _| m.change(ROOT, "Declaration/ArrivalTime", "202603021822"),
    ),
    fault(
        "sent at a time that there is not",
        "AIR-1001",
        "send time",
        |m, _| {
            let day = m.value("Head/SendTime")?.get(..8)?.to_owned();
            m.change(ROOT, "Head/SendTime", format_args!("{day}250000000"))
        },
    ),
    fault(
        "declared on a day that there is not",
        "AIR-1003",
        "declared",
        |m, _| {
            // Of a forecast, since this zeroth of the month comes before anything that happened in it.
            let forecast = m.node(ROOT).name.ends_with("Forecast");
            let month = m
                .value("Declaration/DeclarationDate")
                .filter(|_| forecast)?
                .get(..6)?;
            let month = month.to_owned();
            m.change(
                ROOT,
                "Declaration/DeclarationDate",
                format_args!("{month}00"),
            )
        },
    ),
    fault(
        "flight number with a hyphen",
        "AIR-1101",
        "flight",
        |m, _| m.change(ROOT, "Declaration/FlightNumber", "CA-982"),
    ),
    fault(
        "registration with a dot",
        "AIR-1102",
        "registration",
        |m, _| {
            // A filing gives the office with it, and has a rule of its own.
            path(m, "Declaration/FlightNumber")?;
            m.change(ROOT, "Declaration/AircraftRegistration", "B.2485")
        },
    ),
    fault("sender without office", "AIR-1103", "sender", |m, _| {
        m.change(ROOT, "Head/SenderID", "CAPITAL-GROUND")
    }),
    fault("office unknown", "AIR-1104", "office", |m, _| {
        m.change(ROOT, "Head/ReceiverID", "0199")
    }),
    fault(
        "unloads before it arrives",
        "AIR-1205",
        "unloading",
        |m, _| m.change(ROOT, "Declaration/PlannedUnloadingTime", "202501010930086"),
    ),
    fault(
        "arrives before the flight's day",
        "AIR-1206",
        "day",
        |m, _| before_its_day(m, "Declaration/PlannedArrivalTime"),
    ),
    fault("comes from where it goes", "AIR-1208", "ports", |m, _| {
        path(m, "Declaration/PlannedArrivalTime")?;
        same_ports(m)
    }),
    fault(
        "leaves before the flight's day",
        "AIR-1302",
        "day",
        |m, _| {
            of_type(m, "OutboundForecast")?;
            before_its_day(m, "Declaration/DepartureTime")
        },
    ),
    fault("goes to where it is", "AIR-1304", "ports", |m, _| {
        of_type(m, "OutboundForecast")?;
        same_ports(m)
    }),
    fault(
        "confirmed before it arrived",
        "AIR-1405",
        "declared",
        |m, _| {
            of_type(m, "ArrivalConfirmed")?;
            m.change(ROOT, "Declaration/DeclarationDate", "20250101")
        },
    ),
    fault("arrived at no stand", "AIR-1406", "stand", |m, _| {
        of_type(m, "ArrivalConfirmed")?;
        m.remove(ROOT, "Declaration/ParkingStand")
    }),
    fault(
        "confirmed before it left",
        "AIR-1505",
        "declared",
        |m, _| {
            of_type(m, "DepartureConfirmed")?;
            m.change(ROOT, "Declaration/DeclarationDate", "20250101")
        },
    ),
    fault(
        "cancelled at a port in words",
        "AIR-2001",
        "ports",
        |m, _| m.change(ROOT, "Declaration/CancelledPort", "BEIJING"),
    ),
    fault("cancelled after its day", "AIR-2002", "declared", |m, _| {
        m.find(ROOT, "Declaration/CancelledPort")?;
        m.change(ROOT, "Declaration/FlightDate", "20250101")
    }),
    fault_of(
        GENERAL,
        "more crew than in the list",
        "AIR-2301",
        "crew",
        |m, _| {
            of_type(m, GENERAL)?;
            let crew: u64 = m.value("Declaration/CrewQuantity")?.parse().ok()?;
            m.change(ROOT, "Declaration/CrewQuantity", crew + 2)?;
            path(m, "Declaration/CrewList")
        },
    ),
    fault_of(GENERAL, "crew misnumbered", "AIR-2302", "crew", |m, _| {
        let list = m.find(ROOT, "Declaration/CrewList")?;
        let last = m.children(list).last()?;
        m.change(last, "SequenceNumber", "99")
    }),
    fault_of(
        GENERAL,
        "crew born after the flight",
        "AIR-2304",
        "born",
        |m, r| {
            let member = m.any(CREW, r)?;
            m.change(member, "DateOfBirth", "20281231")
        },
    ),
    fault_of(
        GENERAL,
        "passport without its type",
        "AIR-2305",
        "document",
        |m, r| {
            let member = m.any(CREW, r)?;
            m.remove(member, "DocumentType")
        },
    ),
    fault_of(
        GENERAL,
        "crew of no country",
        "AIR-2602",
        "people",
        |m, r| {
            let member = m.any(CREW, r)?;
            m.change(member, "Nationality", "ZZ")
        },
    ),
    fault_of(
        GENERAL,
        "cargo without weight",
        "AIR-2211",
        "cargo",
        |m, _| {
            m.value("Declaration/CargoQuantity")
                .filter(|pieces| *pieces != "0")?;
            m.change(ROOT, "Declaration/CargoWeight", "0")
        },
    ),
    fault_of(
        GENERAL,
        "day is not that of the flight",
        "AIR-2206",
        "day",
        |m, _| {
            let time = path(m, "Declaration/ArrivalOrDepartureTime")?;
            m.change(ROOT, "Declaration/FlightDate", "20271231")?;
            Some(time)
        },
    ),
    fault_of(
        GENERAL,
        "neither in nor out",
        "AIR-2203",
        "direction",
        |m, _| m.change(ROOT, "Declaration/InOutMark", "X"),
    ),
    fault_of(
        "StayInPort",
        "stays before it arrives",
        "AIR-2104",
        "declared",
        |m, _| {
            of_type(m, "StayInPort")?;
            m.change(ROOT, "Declaration/DeclarationDate", "20250101")
        },
    ),
    fault_of(
        "StayInPort",
        "stays at a port in words",
        "AIR-2102",
        "ports",
        |m, _| m.change(ROOT, "Declaration/PortOfCall", "BEIJING"),
    ),
    fault_of(
        "AircraftFiling",
        "filed without office",
        "AIR-1601",
        "registration",
        |m, _| {
            of_type(m, "AircraftFiling")?;
            let given = m.value("Declaration/AircraftRegistration")?;
            let given = given.split('/').next()?.to_owned();
            m.change(ROOT, "Declaration/AircraftRegistration", given)
        },
    ),
    fault_of(
        "AircraftFiling",
        "owned in no known way",
        "AIR-1607",
        "owner",
        |m, _| m.change(ROOT, "Declaration/Ownership", "7"),
    ),
    fault_of(
        "AircraftFiling",
        "filed before it is delivered",
        "AIR-1605",
        "declared",
        |m, _| {
            let filed = path(m, "Declaration/DeclarationDate")?;
            m.change(ROOT, "Declaration/DeliveryDate", "20280101")?;
            Some(filed)
        },
    ),
    fault_of(
        "AircraftFiling",
        "weighs nothing when it takes off",
        "AIR-1606",
        "take-off",
        |m, _| m.change(ROOT, "Declaration/MaximumTakeOffWeight", "0"),
    ),
    fault_of(
        "FlightFiling",
        "flight of another airline",
        "AIR-1703",
        "flight",
        |m, _| {
            of_type(m, "FlightFiling")?;
            m.change(ROOT, "Declaration/FlightNumber", "ZZ982")
        },
    ),
    fault_of(
        "FlightFiling",
        "airline's code of four letters",
        "AIR-1801",
        "flight",
        |m, _| {
            of_type(m, "FlightFiling")?;
            m.change(ROOT, "Declaration/AirlineCode", "CCAL")
        },
    ),
    fault_of(
        "FlightFiling",
        "flight of an unknown nature",
        "AIR-1705",
        "nature",
        |m, _| m.change(ROOT, "Declaration/FlightNature", "Q"),
    ),
];

fn path(m: &Tree, path: &str) -> Option<String> {
    m.find(ROOT, path).map(|id| m.path(id))
}

/// The root, if the message is of this type.
fn of_type(m: &Tree, name: &str) -> Option<Id> {
    (m.node(ROOT).name == name).then_some(ROOT)
}

/// Makes the flight one of a day long after that time, which the finding names.
fn before_its_day(m: &mut Tree, time: &str) -> Option<String> {
    let time = path(m, time)?;
    m.change(ROOT, "Declaration/FlightDate", "20271231")?;
    Some(time)
}

fn same_ports(m: &mut Tree) -> Option<String> {
    let port = m.value("Declaration/PortOfDestination")?.to_owned();
    m.change(ROOT, "Declaration/PortOfDeparture", port)
}
