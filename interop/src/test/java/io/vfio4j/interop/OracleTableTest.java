// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OracleTableTest {

  @Test
  void readsEveryLine() throws Exception {
    OracleTable table = OracleTable.read();
    assertThat(table.answers("row")).hasSize(80).containsEntry("PRE_COPY -> STOP_COPY",
        "0 | STOP_COPY | -1 | - | rd 96 end=0 | PRE_COPY>PRE_COPY_P2P PRE_COPY_P2P>STOP_COPY");
    assertThat(table.answers("reset")).hasSize(7).containsEntry("RESUMING", "state=RUNNING");
    assertThat(table.answers("inject")).hasSize(11).containsEntry("ERROR -> ERROR", "0 ERROR")
        .containsEntry("fail arc RUNNING_P2P>STOP", "EIO ERROR")
        .containsEntry("RESET from ERROR", "0 RUNNING")
        .containsEntry("fail PRE_COPY_P2P>STOP_COPY", "EIO ERROR; old fd ENODEV");
  }
}
