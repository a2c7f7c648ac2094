// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeviceIdentityTest {

  private static final DeviceIdentity IDENTITY =
      new DeviceIdentity("here", 0x1234, 0x5634, 0x1234, 1, 0, "me");

  @Test
  void comparesKindByIds() {
    assertThat(IDENTITY.isSameKind(new DeviceIdentity("there", 0x1234, 0x5634, 0x1234, 1, 7, "you")))
        .isTrue();
    assertThat(IDENTITY.isSameKind(new DeviceIdentity("here", 0x1235, 0x5634, 0x1234, 1, 0, "me"))).isFalse();
    assertThat(IDENTITY.isSameKind(new DeviceIdentity("here", 0x1234, 0x5635, 0x1234, 1, 0, "me"))).isFalse();
    assertThat(IDENTITY.isSameKind(new DeviceIdentity("here", 0x1234, 0x5634, 0x1235, 1, 0, "me"))).isFalse();
    assertThat(IDENTITY.isSameKind(new DeviceIdentity("here", 0x1234, 0x5634, 0x1234, 2, 0, "me"))).isFalse();
  }

  @Test
  void formatsIdsLikeLspci() {
    assertThat(IDENTITY.ids()).isEqualTo("1234:5634 (1234:0001)");
  }
}
