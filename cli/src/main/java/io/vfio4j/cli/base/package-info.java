@NullMarked
package io.vfio4j.cli.base;

import org.jspecify.annotations.NullMarked;
