// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

/**
 * Decides when the devices and their workload are stopped. It is asked at the end of every round of pre-copy but
 * that of all memory, and anew when the devices did not enter their grace states in time.
 *
 * <p>
 * The decision depends on the facts alone, so that it can be tried out by a simulator, and tested. It is asked on the
 * thread that drives the migration, which waits for the answer. {@link DowntimePolicy} is the usual one.
 */
@FunctionalInterface
public interface SwitchoverPolicy {

  /**
   * Decides what is to be done now.
   *
   * @param facts what is known now
   * @return the decision. A switchover before all initial data has been loaded is the policy's own risk, and not
   *     begun where both sides agreed to wait for that ({@link RoundFacts#acknowledged}).
   */
  Decision decide(RoundFacts facts);
}
