// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.DeviceCalls;
import java.util.Optional;

/**
 * How to open a kernel device.
 *
 * @param kernelInterface the interface; where none is said, the one that is there, {@link KernelInterface#CDEV} before
 *     {@link KernelInterface#GROUP}
 * @param calls the kernel that is asked
 */
public record KernelOptions(Optional<KernelInterface> kernelInterface, DeviceCalls calls) {

  /** This system's kernel, by the interface that is there. */
  public static final KernelOptions DEFAULT = new KernelOptions(Optional.empty(), DeviceCalls.system());

  /** Returns the same options with an interface. */
  public KernelOptions kernelInterface(KernelInterface chosen) {
    return new KernelOptions(Optional.of(chosen), calls);
  }

  /** Returns the same options with another kernel. */
  public KernelOptions calls(DeviceCalls other) {
    return new KernelOptions(kernelInterface, other);
  }
}
