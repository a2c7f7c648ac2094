@NullMarked
package io.vfio4j.engine.pages;

import org.jspecify.annotations.NullMarked;
