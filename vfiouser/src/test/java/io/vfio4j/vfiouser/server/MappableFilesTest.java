// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.FileStatus.Access;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MappableFilesTest {

  private static final long PAGE = 0x1000;

  private static FileStatus status(FileStatus.Type type, long fileSystem, boolean isDax) {
    return new FileStatus(type, 1, 2, 3, fileSystem, PAGE, isDax, Access.READ_WRITE);
  }

  @ParameterizedTest
  @CsvSource({"REGULAR, 01021994, false, true", "REGULAR, 958458f6, false, true",
      "REGULAR, 858458f6, false, true",
      "REGULAR, ef53, false, false", "REGULAR, 65735546, false, false", "REGULAR, 9fa0, false, false",
      "CHARACTER_DEVICE, 01021994, false, false", "CHARACTER_DEVICE, 01021994, true, true",
      "BLOCK_DEVICE, 01021994, false, false", "ANONYMOUS, 444d4142, false, false"})
  void mapsMemoryOnlyByDefault(FileStatus.Type type, String fileSystem, boolean isDax, boolean mapped) {
    FileStatus status = status(type, Long.parseLong(fileSystem, 16), isDax);
    assertThat(MappableFiles.MEMORY.contains(status)).isEqualTo(mapped);
    assertThat(MappableFiles.MEMORY.withFileSystems(List.of("any")).contains(status)).isTrue();
  }

  @Test
  void acceptsNamesAndMagicNumbers() {
    MappableFiles more = MappableFiles.MEMORY.withFileSystems(List.of("ext4", "XFS", "0xFF534D42"));
    assertThat(more.contains(status(FileStatus.Type.REGULAR, 0xef53L, false))).isTrue();
    assertThat(more.contains(status(FileStatus.Type.REGULAR, 0x5846_5342L, false))).isTrue();
    assertThat(more.contains(status(FileStatus.Type.REGULAR, 0xff53_4d42L, false))).isTrue();
    assertThat(more.contains(status(FileStatus.Type.REGULAR, FileStatus.TMPFS, false))).isTrue();
    assertThat(more.contains(status(FileStatus.Type.REGULAR, 0x6573_5546L, false))).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MappableFiles.MEMORY.withFileSystems(List.of("ntfs")))
        .withMessageStartingWith("unknown file system 'ntfs': expected btrfs, ")
        .withMessageEndingWith("a magic number such as 0xef53, or any");
  }
}
