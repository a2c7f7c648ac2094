// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static io.vfio4j.model.v1.DetourV1.reset;
import static io.vfio4j.model.v1.DetourV1.via;
import static io.vfio4j.model.v1.DeviceStateV1.PRE_COPY;
import static io.vfio4j.model.v1.DeviceStateV1.RESUMING;
import static io.vfio4j.model.v1.DeviceStateV1.RUNNING;
import static io.vfio4j.model.v1.DeviceStateV1.STOP;
import static io.vfio4j.model.v1.DeviceStateV1.STOP_COPY;
import static io.vfio4j.model.v1.TransitionV1.Requirement.ABORT;
import static io.vfio4j.model.v1.TransitionV1.Requirement.DOCUMENTED;
import static io.vfio4j.model.v1.TransitionV1.Requirement.OPTIONAL;

import io.vfio4j.model.v1.TransitionV1.Requirement;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The twenty transitions, and the detours around those that a device may lack, best first. */
final class TransitionTableV1 {

  private record Row(TransitionV1 transition, List<DetourV1> detours) {
  }

  private static final List<Row> ROWS = List.of(
      row(RUNNING, STOP, DOCUMENTED, ""),
      row(RUNNING, STOP_COPY, DOCUMENTED, ""),
      row(RUNNING, RESUMING, DOCUMENTED, ""),
      row(RUNNING, PRE_COPY, DOCUMENTED, ""),
      row(STOP_COPY, STOP, DOCUMENTED, ""),
      row(STOP_COPY, RUNNING, ABORT, ""),
      row(RESUMING, RUNNING, DOCUMENTED, ""),
      row(PRE_COPY, STOP_COPY, DOCUMENTED, ""),
      row(PRE_COPY, RUNNING, ABORT, ""),
      row(STOP_COPY, RESUMING, OPTIONAL, "ping-pong", via(STOP), reset(), via(RUNNING)),
      row(STOP_COPY, PRE_COPY, OPTIONAL, "downtime exceeded", via(STOP), via(RUNNING)),
      row(RESUMING, STOP_COPY, OPTIONAL, "in = out check", via(STOP), via(RUNNING), reset()),
      row(RESUMING, PRE_COPY, OPTIONAL, "live ping-pong", via(STOP), via(STOP, RUNNING), via(RUNNING)),
      row(PRE_COPY, RESUMING, OPTIONAL, "", reset(), via(RUNNING)),
      row(STOP, RUNNING, OPTIONAL, "", reset()),
      row(STOP, STOP_COPY, OPTIONAL, "", reset()),
      row(STOP, RESUMING, OPTIONAL, "", reset()),
      row(STOP, PRE_COPY, OPTIONAL, "", reset()),
      row(RESUMING, STOP, OPTIONAL, "", via(RUNNING), reset()),
      row(PRE_COPY, STOP, OPTIONAL, "", via(STOP_COPY), via(RUNNING)));

  static final List<TransitionV1> TRANSITIONS = ROWS.stream().map(Row::transition).toList();

  private static final Map<ArcV1, List<DetourV1>> DETOURS = ROWS.stream()
      .collect(Collectors.toUnmodifiableMap(row -> row.transition.arc(), Row::detours));

  private TransitionTableV1() {
  }

  private static Row row(DeviceStateV1 from, DeviceStateV1 to, Requirement requirement, String purpose,
      DetourV1... detours) {
    return new Row(new TransitionV1(new ArcV1(from, to), requirement, purpose), List.of(detours));
  }

  /** Returns the detours around an arc; none if the table lists none. */
  static List<DetourV1> detours(ArcV1 arc) {
    return DETOURS.getOrDefault(arc, List.of());
  }
}
