// SPDX-License-Identifier: Apache-2.0
/**
 * The two sides of a migration: {@link io.vfio4j.engine.migration.MigrationSource},
 * {@link io.vfio4j.engine.migration.MigrationTarget}, and both in one process,
 * {@link io.vfio4j.engine.migration.LocalMigration}. Before COMMIT, every failure ends with the source running again.
 * After it, only the target's answer (CONFIRMED or RETURNED) decides who runs the devices.
 *
 * <pre>{@code
 * sequenceDiagram
 *     participant S as source
 *     participant T as target
 *     S->>T: HELLO
 *     T->>S: HELLO
 *     Note over S,T: compare, refuse a mismatch
 *     S->>T: JOIN (each extra connection)
 *     Note over T: reset devices, RESUMING
 *     T->>S: READY
 *     loop rounds of pre-copy
 *         S->>T: DATA, MEMORY, SYNC, ROUND
 *         T->>S: INITIAL_LOADED, SYNCED
 *     end
 *     Note over S: P2P states, pause the workload, STOP_COPY
 *     S->>T: DATA, MEMORY, END
 *     Note over T: load, then STOP, which validates
 *     T->>S: LOADED
 *     Note over S: record given
 *     S->>T: COMMIT
 *     Note over T: record committed, RUNNING_P2P, RUNNING, record running
 *     T->>S: CONFIRMED
 *     Note over S: resume the workload, record confirmed, STOP
 * }</pre>
 *
 * <p>
 * The states of a side are its {@link io.vfio4j.engine.Phase phases}. What a failure leads to is decided by
 * {@code Ownership} at the source and {@code TargetCommitment} at the target:
 *
 * <pre>{@code
 * stateDiagram-v2
 *     state source {
 *         [*] --> PreFlight
 *         PreFlight --> PreCopy
 *         PreFlight --> Quiescing: no pre-copy
 *         PreCopy --> Quiescing: the policy switches over
 *         Quiescing --> PreCopy: --max-quiesce expired
 *         Quiescing --> StopCopy
 *         StopCopy --> Handover: LOADED
 *         Handover --> Done: CONFIRMED
 *         Handover --> Aborting: RETURNED (roll back), or unknown (stay stopped)
 *         PreFlight --> Aborting
 *         PreCopy --> Aborting: roll back
 *         Quiescing --> Aborting: roll back
 *         StopCopy --> Aborting: roll back
 *     }
 *     state target {
 *         [*] --> TPreFlight
 *         TPreFlight --> Loading
 *         Loading --> THandover: LOADED sent
 *         THandover --> TDone: COMMIT, devices run
 *         TPreFlight --> TAborting
 *         Loading --> TAborting: reset, FAILED
 *         THandover --> TAborting: reset, RETURNED
 *     }
 * }</pre>
 *
 * <p>
 * Each side has a coordinating thread, the caller's. It owns all state of the run; the other threads are listed in
 * {@code docs/architecture.md}.
 */
@NullMarked
package io.vfio4j.engine.migration;

import org.jspecify.annotations.NullMarked;
