// SPDX-License-Identifier: Apache-2.0
/**
 * The devices of one side: a thread for each ({@link io.vfio4j.engine.device.DeviceThread}), operations on all of them
 * as barriers ({@link io.vfio4j.engine.device.DeviceGroup}), and the barrier before the stop
 * ({@link io.vfio4j.engine.device.Quiescence}).
 *
 * <pre>{@code
 * stateDiagram-v2
 *     direction LR
 *     RUNNING --> PRE_COPY: pre-copy
 *     PRE_COPY --> PRE_COPY_P2P: quiesce (barrier)
 *     RUNNING --> RUNNING_P2P: quiesce, without pre-copy
 *     PRE_COPY_P2P --> STOP_COPY: switchover (barrier)
 *     RUNNING_P2P --> STOP_COPY: switchover
 *     PRE_COPY_P2P --> PRE_COPY: timed out
 *     RUNNING_P2P --> RUNNING: timed out
 *     STOP_COPY --> STOP: the target runs
 * }</pre>
 */
@NullMarked
package io.vfio4j.engine.device;

import org.jspecify.annotations.NullMarked;
