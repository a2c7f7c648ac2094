// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

/**
 * Decides when to stop the devices and their workload. It is consulted at the end of each round of pre-copy,
 * except the first one of all memory, and again after the devices did not reach their P2P states in time.
 *
 * <p>
 * A decision must depend only on the facts, so that the simulator gives the same results. It is called by the
 * thread that drives the migration, which waits for it. {@link DowntimePolicy} is the standard
 * implementation.
 */
@FunctionalInterface
public interface SwitchoverPolicy {

  /**
   * Returns the decision.
   *
   * @param facts what is known now
   * @return the decision. A switchover before all initial data has been loaded is at the policy's own risk;
   *     if both sides agreed to wait for that, it does not start ({@link RoundFacts#acknowledged}).
   */
  Decision decide(RoundFacts facts);
}
