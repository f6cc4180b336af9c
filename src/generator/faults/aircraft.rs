//! Mistakes in movements of aircraft.

use super::{Fault, ROOT, fault, leave_out};
use crate::generator::tree::Tree;

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
            let confirmed = m.value("Declaration/ArrivalTime").is_some() || is_departed(m);
            let month = m
                .value("Declaration/DeclarationDate")
                .filter(|_| !confirmed)?
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
        |m, _| m.change(ROOT, "Declaration/AircraftRegistration", "B.2485"),
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
        |m, _| {
            let arrival = path(m, "Declaration/PlannedArrivalTime")?;
            m.change(ROOT, "Declaration/FlightDate", "20271231")?;
            Some(arrival)
        },
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
            path(m, "Declaration/PortOfDestination")?;
            path(m, "Declaration/PortOfDeparture")?;
            let forecast = path(m, "Declaration/PlannedArrivalTime").is_none();
            let departure = path(m, "Declaration/DepartureTime").filter(|_| forecast)?;
            m.change(ROOT, "Declaration/FlightDate", "20271231")?;
            Some(departure)
        },
    ),
    fault("goes to where it is", "AIR-1304", "ports", |m, _| {
        let forecast = path(m, "Declaration/PlannedArrivalTime").is_none();
        m.find(ROOT, "Declaration").filter(|_| forecast)?;
        same_ports(m)
    }),
    fault(
        "confirmed before it arrived",
        "AIR-1405",
        "declared",
        |m, _| {
            path(m, "Declaration/ArrivalTime")?;
            m.change(ROOT, "Declaration/DeclarationDate", "20250101")
        },
    ),
    fault("arrived at no stand", "AIR-1406", "stand", |m, _| {
        path(m, "Declaration/ArrivalTime")?;
        m.remove(ROOT, "Declaration/ParkingStand")
    }),
    fault(
        "confirmed before it left",
        "AIR-1505",
        "declared",
        |m, _| {
            path(m, "Declaration/DepartureTime").filter(|_| is_departed(m))?;
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
];

fn path(m: &Tree, path: &str) -> Option<String> {
    m.find(ROOT, path).map(|id| m.path(id))
}

/// Whether it is a confirmed departure: the only one that does not say where it goes.
fn is_departed(m: &Tree) -> bool {
    path(m, "Declaration/PortOfDestination").is_none()
}

fn same_ports(m: &mut Tree) -> Option<String> {
    let port = m.value("Declaration/PortOfDestination")?.to_owned();
    m.change(ROOT, "Declaration/PortOfDeparture", port)
}
