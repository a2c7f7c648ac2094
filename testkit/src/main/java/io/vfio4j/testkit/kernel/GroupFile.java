// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** {@code /dev/vfio/0}. */
final class GroupFile implements ScriptedFile {

  private static final int VIABLE = 1;

  private final ScriptedKernel kernel;
  private @Nullable ContainerFile container;

  GroupFile(ScriptedKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public int ioctl(int request, MemorySegment argument, MemorySegment pointedAt) {
    return switch (request) {
      case IoctlNumbers.GROUP_GET_STATUS -> {
        argument.set(JAVA_INT, 4, kernel.profile().isViable() ? VIABLE : 0);
        yield 0;
      }
      case IoctlNumbers.GROUP_SET_CONTAINER -> {
        if (!(kernel.file(argument.get(JAVA_INT, 0)) instanceof ContainerFile given)) {
          yield -Errno.EINVAL.number();
        }
        container = given;
        given.addGroup();
        yield 0;
      }
      case IoctlNumbers.GROUP_GET_DEVICE_FD -> container != null && container.hasIommu()
          ? kernel.openDevice(argument.getString(0))
          : -Errno.EINVAL.number();
      default -> -Errno.ENOTTY.number();
    };
  }
}
