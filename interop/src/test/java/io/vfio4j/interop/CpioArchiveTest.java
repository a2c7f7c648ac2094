// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CpioArchiveTest {

  @Test
  void padsHeaderNameAndContent() throws Exception {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (CpioArchive written = new CpioArchive(archive)) {
      written.program("bin/x", "hello".getBytes(StandardCharsets.US_ASCII)).characterDevice("dev/console", 5,
          1);
    }
    // Fields from the format's description: inode, mode, uid, gid, links, time, size, device twice, length of the name
    // with its NUL, checksum. Header with name, and content, are padded to multiples of 4.
    String expected = "070701" + "00000001" + "000081ed" + "00000000" + "00000000" + "00000001" + "00000000"
        + "00000005" + "00000000" + "00000000" + "00000000" + "00000000" + "00000006" + "00000000" + "bin/x\0"
        + "hello\0\0\0"
        + "070701" + "00000002" + "00002180" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000"
        + "00000000" + "00000000" + "00000005" + "00000001" + "0000000c" + "00000000" + "dev/console\0\0\0"
        + "070701" + "00000003" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000"
        + "00000000" + "00000000" + "00000000" + "00000000" + "0000000b" + "00000000" + "TRAILER!!!\0\0\0\0";
    assertThat(archive.toString(StandardCharsets.US_ASCII)).isEqualTo(expected);
  }
}
