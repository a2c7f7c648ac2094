// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.wire.Command;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies of other servers to DEVICE_GET_REGION_INFO, and their descriptors. */
class ForeignServerRegionsTest extends ForeignServerTestBase {

  @Test
  void closesSurplusDescriptors() throws Exception {
    try (EventFd event = EventFd.create(); VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      peer.send(request.reply(MessageBytes.empty().u32(32, 7, 2, 0).u64(4096, 0)), event.fd(), event.fd(),
          event.fd());
      return NOTHING;
    })) {
      var before = ProcessResources.openFds();
      client.mapRegion(2).close();
      assertThat(client.regionInfo(2).mappable()).isTrue();
      assertThat(client.readInt(0, 0)).isZero();
      assertThat(ProcessResources.openFds()).isEqualTo(before);
    }
  }

  /** As in the kernel: the flag is always set, the chain only sent if it fits. */
  @Test
  void retriesWithRequiredArgsz() throws Exception {
    var before = ProcessResources.openFds();
    try (EventFd event = EventFd.create(); VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      MessageBytes fields =
          MessageBytes.empty().u32(56, 15, 9, request.fields().getInt(0) >= 56 ? 32 : 0).u64(4096, 0);
      MessageBytes body = request.fields().getInt(0) >= 56
          ? fields.u16(2).u16(1).u32(48, 3, 1).u16(6).u16(1).u32(0)
          : fields;
      peer.send(request.reply(body), event.fd());
      return NOTHING;
    })) {
      RegionInfo info = client.regionInfo(9);
      assertThat(info.capabilities()).containsExactly(RegionCapability.RegionType.MIGRATION,
          new RegionCapability.Ndma());
      assertThat(info.capability(RegionCapability.Ndma.class)).isPresent();
      assertThat(info.capability(RegionCapability.SparseMmap.class)).isEmpty();
    }
    end();
    peer = null;
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"loop", "outside", "ever more", "huge", "long", "short"})
  void failsOnMalformedRegionInfo(String defect) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      int argsz = request.fields().getInt(0);
      return request.reply(switch (defect) {
        case "loop" -> MessageBytes.empty().u32(40, 11, 9, 32).u64(4096, 0).u16(2).u16(9).u32(32);
        case "outside" -> MessageBytes.empty().u32(40, 11, 9, 4000).u64(4096, 0).zeros(8);
        case "ever more" -> MessageBytes.empty().u32(argsz + 8, 11, 9, 0).u64(4096, 0);
        case "huge" -> MessageBytes.empty().u32(-8, 11, 9, 0).u64(4096, 0);
        case "long" -> MessageBytes.empty().u32(32, 3, 9, 0).u64(4096, 0).zeros(100_000);
        default -> MessageBytes.empty().u32(32, 3, 9, 0);
      });
    })) {
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.regionInfo(9))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.readInt(0, 0));
    }
  }
}
