// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Compares sizes and offsets with the output of {@code layouts.c} among the test resources. */
class LayoutsTest {

  @Test
  void matchesMsghdr() {
    assertThat(MsgHdr.SIZE).isEqualTo(56);
    assertThat(MsgHdr.IOV_OFFSET).isEqualTo(16);
    assertThat(MsgHdr.IOVLEN_OFFSET).isEqualTo(24);
    assertThat(MsgHdr.CONTROL_OFFSET).isEqualTo(32);
    assertThat(MsgHdr.CONTROLLEN_OFFSET).isEqualTo(40);
    assertThat(MsgHdr.FLAGS_OFFSET).isEqualTo(48);
  }

  @Test
  void matchesIovec() {
    assertThat(IoVec.SIZE).isEqualTo(16);
    assertThat(IoVec.BASE_OFFSET).isEqualTo(0);
    assertThat(IoVec.LEN_OFFSET).isEqualTo(8);
  }

  @Test
  void matchesCmsghdr() {
    assertThat(CmsgHdr.SIZE).isEqualTo(16);
    assertThat(CmsgHdr.LEN_OFFSET).isEqualTo(0);
    assertThat(CmsgHdr.LEVEL_OFFSET).isEqualTo(8);
    assertThat(CmsgHdr.TYPE_OFFSET).isEqualTo(12);
    assertThat(CmsgHdr.length(4)).isEqualTo(20);
    assertThat(CmsgHdr.space(4)).isEqualTo(24);
    assertThat(CmsgHdr.space(8)).isEqualTo(24);
    assertThat(CmsgHdr.space(253 * 4)).isEqualTo(1032);
  }

  @Test
  void matchesPollfd() {
    assertThat(PollFd.SIZE).isEqualTo(8);
    assertThat(PollFd.FD_OFFSET).isEqualTo(0);
    assertThat(PollFd.EVENTS_OFFSET).isEqualTo(4);
    assertThat(PollFd.REVENTS_OFFSET).isEqualTo(6);
  }

  @Test
  void matchesTimespecAndTimeval() {
    assertThat(Timespec.SIZE).isEqualTo(16);
    assertThat(Timespec.SEC_OFFSET).isEqualTo(0);
    assertThat(Timespec.NSEC_OFFSET).isEqualTo(8);
    assertThat(Timeval.SIZE).isEqualTo(16);
    assertThat(Timeval.SEC_OFFSET).isEqualTo(0);
    assertThat(Timeval.USEC_OFFSET).isEqualTo(8);
  }

  @Test
  void matchesUcred() {
    assertThat(Ucred.SIZE).isEqualTo(12);
    assertThat(Ucred.PID_OFFSET).isEqualTo(0);
    assertThat(Ucred.UID_OFFSET).isEqualTo(4);
    assertThat(Ucred.GID_OFFSET).isEqualTo(8);
  }

  @Test
  void matchesSockaddrUn() {
    assertThat(SockaddrUn.SIZE).isEqualTo(110);
    assertThat(SockaddrUn.FAMILY_OFFSET).isEqualTo(0);
    assertThat(SockaddrUn.PATH_OFFSET).isEqualTo(2);
  }

  @Test
  void matchesStatvfs() {
    assertThat(Statvfs.SIZE).isEqualTo(112);
    assertThat(Statvfs.FRSIZE_OFFSET).isEqualTo(8);
    assertThat(Statvfs.BLOCKS_OFFSET).isEqualTo(16);
    assertThat(Statvfs.BAVAIL_OFFSET).isEqualTo(32);
  }

  @Test
  void matchesStatfs() {
    assertThat(Statfs.SIZE).isEqualTo(120);
    assertThat(Statfs.TYPE_OFFSET).isEqualTo(0);
    assertThat(Statfs.BSIZE_OFFSET).isEqualTo(8);
  }

  @Test
  void matchesStatx() {
    assertThat(Statx.SIZE).isEqualTo(256);
    assertThat(Statx.MODE_OFFSET).isEqualTo(28);
    assertThat(Statx.INO_OFFSET).isEqualTo(32);
    assertThat(Statx.SIZE_OFFSET).isEqualTo(40);
    assertThat(Statx.BLOCKS_OFFSET).isEqualTo(48);
    assertThat(Statx.RDEV_MAJOR_OFFSET).isEqualTo(128);
    assertThat(Statx.RDEV_MINOR_OFFSET).isEqualTo(132);
    assertThat(Statx.DEV_MAJOR_OFFSET).isEqualTo(136);
    assertThat(Statx.DEV_MINOR_OFFSET).isEqualTo(140);
  }

  @Test
  void matchesEpollEvent() {
    boolean packed = System.getProperty("os.arch").equals("amd64");
    assertThat(EpollEvent.SIZE).isEqualTo(packed ? 12 : 16);
    assertThat(EpollEvent.EVENTS_OFFSET).isEqualTo(0);
    assertThat(EpollEvent.DATA_OFFSET).isEqualTo(packed ? 4 : 8);
  }
}
