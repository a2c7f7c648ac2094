// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.util.List;
import java.util.stream.Stream;

/**
 * The faults to inject into a {@link SimulatedDevice}.
 *
 * @param faults in any order
 */
public record FaultPlan(List<Fault> faults) {

  /** No faults. */
  public static final FaultPlan NONE = new FaultPlan(List.of());

  /** Copies the list. */
  public FaultPlan {
    faults = List.copyOf(faults);
  }

  /** Returns a plan of these faults. */
  public static FaultPlan of(Fault... faults) {
    return new FaultPlan(List.of(faults));
  }

  <F extends Fault> Stream<F> ofType(Class<F> kind) {
    return faults.stream().filter(kind::isInstance).map(kind::cast);
  }
}
