// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.DeviceCalls;
import java.util.Optional;

/**
 * Options for opening a kernel device.
 *
 * @param kernelInterface the interface; if empty, the available one, preferring {@link KernelInterface#CDEV}
 *     to {@link KernelInterface#GROUP}
 * @param calls the system calls to use
 */
public record KernelOptions(Optional<KernelInterface> kernelInterface, DeviceCalls calls) {

  /** The kernel of this machine, and the available interface. */
  public static final KernelOptions DEFAULT = new KernelOptions(Optional.empty(), DeviceCalls.system());

  /** Returns these options with an interface. */
  public KernelOptions withInterface(KernelInterface chosen) {
    return new KernelOptions(Optional.of(chosen), calls);
  }

  /** Returns these options with other system calls. */
  public KernelOptions withCalls(DeviceCalls other) {
    return new KernelOptions(kernelInterface, other);
  }
}
